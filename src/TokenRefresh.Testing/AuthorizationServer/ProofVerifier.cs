using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace TokenRefresh.Testing;

/// <summary>Checks the proofs of requests (RFC 9449 section 4.3), and gives out nonces. Shares no code with what makes proofs.</summary>
internal sealed class ProofVerifier(LoopbackAuthorizationServerOptions options)
{
    // Section 11.1: a proof is taken for a few minutes at most. Clocks of clients may be a little ahead.
    private static readonly TimeSpan OldestProof = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan NewestProof = TimeSpan.FromSeconds(5);

    private readonly object _lock = new();
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private string _nonce = NewNonce();
    private int _uses;

    /// <summary>Gets or sets whether requests without a valid proof are refused.</summary>
    public bool IsDemanded { get; set; } = options.DemandsDPoP;

    /// <summary>Replaces the nonce: proofs with the former one are refused.</summary>
    public void RotateNonce()
    {
        lock (_lock)
        {
            _nonce = NewNonce();
            _uses = 0;
        }
    }

    /// <summary>Checks the proof of a request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="accessToken">The access token it carries; <see langword="null"/> at the token endpoint.</param>
    /// <returns>The thumbprint of the key, or what is wrong.</returns>
    public ProofVerdict Verify(HttpRequest request, string? accessToken)
    {
        if (request.Headers["DPoP"] is not [{ } proof])
        {
            return ProofVerdict.Invalid("There is no proof, or more than one.");
        }

        try
        {
            return Verify(proof, request.Method, $"{request.Scheme}://{request.Host}{request.PathBase}{request.Path}", accessToken);
        }
        catch (Exception e) when (e is FormatException or JsonException or InvalidOperationException or KeyNotFoundException
            or CryptographicException)
        {
            return ProofVerdict.Invalid($"The proof cannot be read ({e.GetType().Name}).");
        }
    }

    /// <summary>Gets the nonce of the client's next proof, for a header of the answer; <see langword="null"/> if none is demanded.
    /// </summary>
    public string? NonceToSend()
    {
        lock (_lock)
        {
            return IsDemanded && options.DemandsDPoPNonce ? _nonce : null;
        }
    }

    /// <summary>Checks a proof.</summary>
    /// <exception cref="FormatException">It is no JWT. Other exceptions say so too.</exception>
    internal ProofVerdict Verify(string proof, string method, string address, string? accessToken)
    {
        if (proof.Split('.') is not [string head, string body, string signature])
        {
            return ProofVerdict.Invalid("The proof is no JWT.");
        }

        using JsonDocument header = JsonDocument.Parse(WebEncoders.Base64UrlDecode(head));
        using JsonDocument claims = JsonDocument.Parse(WebEncoders.Base64UrlDecode(body));
        if (Text(header, "typ") != "dpop+jwt" || Text(header, "alg") != "ES256")
        {
            return ProofVerdict.Invalid("'typ' is not 'dpop+jwt', or 'alg' not 'ES256'.");
        }

        JsonElement jwk = header.RootElement.GetProperty("jwk");
        if (jwk.TryGetProperty("d", out _) || jwk.GetProperty("kty").GetString() != "EC" || jwk.GetProperty("crv").GetString() != "P-256")
        {
            return ProofVerdict.Invalid("'jwk' is no public key of the curve 'P-256'.");
        }

        string x = jwk.GetProperty("x").GetString()!;
        string y = jwk.GetProperty("y").GetString()!;
        using var key = ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new ECPoint { X = WebEncoders.Base64UrlDecode(x), Y = WebEncoders.Base64UrlDecode(y) },
        });
        bool isSigned = key.VerifyData(
            Encoding.ASCII.GetBytes($"{head}.{body}"),
            WebEncoders.Base64UrlDecode(signature),
            HashAlgorithmName.SHA256,
            DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        return !isSigned ? ProofVerdict.Invalid("The signature is not valid.")
            : FindFault(claims, method, address, accessToken) is { } fault ? fault
            : new ProofVerdict(Hash($$"""{"crv":"P-256","kty":"EC","x":"{{x}}","y":"{{y}}"}"""), Error: null, Description: null);
    }

    private static string NewNonce() => WebEncoders.Base64UrlEncode(RandomNumberGenerator.GetBytes(16));

    private static string Hash(string text) => WebEncoders.Base64UrlEncode(SHA256.HashData(Encoding.ASCII.GetBytes(text)));

    private static string? Text(JsonDocument document, string name) =>
        document.RootElement.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;

    private ProofVerdict? FindFault(JsonDocument claims, string method, string address, string? accessToken)
    {
        var at = DateTimeOffset.FromUnixTimeSeconds(claims.RootElement.GetProperty("iat").GetInt64());
        TimeSpan age = options.TimeProvider.GetUtcNow() - at;
        string? identifier = Text(claims, "jti");
        string? fault =
            string.IsNullOrEmpty(identifier) ? "'jti' is missing."
            : Text(claims, "htm") != method ? "'htm' is not the method of the request."
            : Text(claims, "htu") is not { } target || new Uri(target).AbsoluteUri != new Uri(address).AbsoluteUri
                ? "'htu' is not the address of the request."
            : age > OldestProof || age < -NewestProof ? "'iat' is not now."
            : Text(claims, "ath") != (accessToken is null ? null : Hash(accessToken)) ? "'ath' is not the hash of the access token."
            : null;
        if (fault is not null)
        {
            return ProofVerdict.Invalid(fault);
        }

        lock (_lock)
        {
            if (!_seen.Add(identifier!))
            {
                return ProofVerdict.Invalid("'jti' was seen before.");
            }

            if (!options.DemandsDPoPNonce)
            {
                return null;
            }

            if (Text(claims, "nonce") != _nonce)
            {
                return new ProofVerdict(Thumbprint: null, "use_dpop_nonce", "The proof lacks the nonce that is valid now.");
            }

            if (++_uses >= options.DPoPNonceUses)
            {
                _nonce = NewNonce();
                _uses = 0;
            }

            return null;
        }
    }
}

/// <summary>What a proof is worth.</summary>
/// <param name="Thumbprint">The thumbprint of its key, if it is valid.</param>
/// <param name="Error">The error code, if it is not.</param>
/// <param name="Description">What is wrong with it.</param>
internal sealed record ProofVerdict(string? Thumbprint, string? Error, string? Description)
{
    public static ProofVerdict Invalid(string description) => new(null, "invalid_dpop_proof", description);
}
