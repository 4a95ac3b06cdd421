using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace TokenRefresh;

/// <summary>Represents the private key to which the tokens of a login are bound (DPoP, RFC 9449), and makes proofs with it.</summary>
/// <remarks>
/// <para>
/// A key of the curve P-256, which signs by ES256; there are no others. It is a part of the login (<see cref="OAuthCredentials.DPoPKey"/>)
/// and stored with it, so that every process that shares the login can prove.
/// </para>
/// <para>Immutable, and safe for concurrent use. <see cref="ToString"/> shows the thumbprint only.</para>
/// </remarks>
/// <example>
/// <code>
/// var key = DPoPKey.Create();
/// string proof = key.CreateProof(HttpMethod.Post, new Uri("https://auth.example.com/token"));
/// </code>
/// </example>
public sealed class DPoPKey
{
    /// <summary>The header of a request that carries the proof: <c>DPoP</c>.</summary>
    public const string ProofHeaderName = "DPoP";

    /// <summary>The header of an answer that carries the nonce for the next proof: <c>DPoP-Nonce</c>.</summary>
    public const string NonceHeaderName = "DPoP-Nonce";

    private const int CoordinateSize = 32;

    // Servers take a hash or a sealed time; more would not fit beside a token into the headers that servers accept.
    private const int LongestNonce = 2048;

    private readonly ECDsa _key;
    private readonly string _header;

    private DPoPKey(ECDsa key, ECParameters parameters)
    {
        _key = key;
        string x = Encode(parameters.Q.X);
        string y = Encode(parameters.Q.Y);

        // RFC 7638 section 3.2: the required members alone, in this order, without white space.
        string jwk = $$"""{"crv":"P-256","kty":"EC","x":"{{x}}","y":"{{y}}"}""";
        Thumbprint = Encode(SHA256.HashData(Encoding.ASCII.GetBytes(jwk)));
        _header = Encode(Encoding.ASCII.GetBytes($$"""{"typ":"dpop+jwt","alg":"ES256","jwk":{{jwk}}}"""));
    }

    /// <summary>Gets the thumbprint of the public key (RFC 7638, SHA-256, base64url), which servers know as <c>jkt</c>. No secret.
    /// </summary>
    public string Thumbprint { get; }

    /// <summary>Creates a new key.</summary>
    /// <returns>The key.</returns>
    public static DPoPKey Create()
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new DPoPKey(key, key.ExportParameters(includePrivateParameters: false));
    }

    /// <summary>Reads a key.</summary>
    /// <param name="jwk">A private JSON Web Key (RFC 7517): <c>kty</c> is <c>EC</c>, <c>crv</c> is <c>P-256</c>, and <c>x</c>, <c>y</c> and
    /// <c>d</c> are the numbers (RFC 7518 section 6.2). Other members are ignored, but for an <c>alg</c> other than <c>ES256</c>.</param>
    /// <returns>The key.</returns>
    /// <exception cref="FormatException">It is no such key. The message names the member, never a value.</exception>
    public static DPoPKey Parse(string jwk)
    {
        ArgumentNullException.ThrowIfNull(jwk);
        return Parse(Encoding.UTF8.GetBytes(jwk));
    }

    /// <summary>Writes the key, private part included, as a JSON Web Key. A secret: never log it.</summary>
    /// <returns>What <see cref="Parse(string)"/> reads.</returns>
    public string ExportJwk()
    {
        ECParameters parameters = _key.ExportParameters(includePrivateParameters: true);
        (string x, string y, string d) = (Encode(parameters.Q.X), Encode(parameters.Q.Y), Encode(parameters.D));
        return $$"""{"kty":"EC","crv":"P-256","x":"{{x}}","y":"{{y}}","d":"{{d}}"}""";
    }

    /// <summary>Makes the proof for one request: the value of the header <c>DPoP</c> (RFC 9449 section 4).</summary>
    /// <param name="method">The request's method.</param>
    /// <param name="address">Its address, absolute. Query and fragment are left out.</param>
    /// <param name="accessToken">The access token that the request carries; <see langword="null"/> for a token request.</param>
    /// <param name="nonce">The nonce that this server gave last, in the header <c>DPoP-Nonce</c>; <see langword="null"/> for none.</param>
    /// <param name="timeProvider">The clock; <see langword="null"/> for the system's.</param>
    /// <returns>A signed JWT. Make one for each sending: a server takes none twice.</returns>
    /// <exception cref="ArgumentException"><paramref name="address"/> is relative, or <paramref name="nonce"/> holds a character that no
    /// nonce may hold (RFC 9449 section 8.1).</exception>
    public string CreateProof(
        HttpMethod method, Uri address, string? accessToken = null, string? nonce = null, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(method);
        ArgumentNullException.ThrowIfNull(address);
        if (!address.IsAbsoluteUri)
        {
            throw new ArgumentException("The address of a request with a proof is absolute.", nameof(address));
        }

        if (nonce is not null && !IsNonce(nonce))
        {
            throw new ArgumentException("The nonce is empty, too long or holds a character that no nonce may hold.", nameof(nonce));
        }

        using var claims = new MemoryStream();
        using (var json = new Utf8JsonWriter(claims, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("jti", Encode(RandomNumberGenerator.GetBytes(16)));
            json.WriteString("htm", NameOf(method));
            json.WriteString("htu", TargetOf(address));
            json.WriteNumber("iat", (timeProvider ?? TimeProvider.System).GetUtcNow().ToUnixTimeSeconds());
            if (accessToken is not null)
            {
                json.WriteString("ath", Encode(SHA256.HashData(Encoding.ASCII.GetBytes(accessToken))));
            }

            if (nonce is not null)
            {
                json.WriteString("nonce", nonce);
            }

            json.WriteEndObject();
        }

        string signed = $"{_header}.{Encode(claims.ToArray())}";
        return $"{signed}.{Encode(Sign(Encoding.ASCII.GetBytes(signed)))}";
    }

    /// <summary>Returns the thumbprint, never the key.</summary>
    /// <returns>A text that is safe to log.</returns>
    public override string ToString() => $"DPoP key {Thumbprint}";

    /// <inheritdoc cref="Parse(string)"/>
    internal static DPoPKey Parse(ReadOnlyMemory<byte> jwk)
    {
        ECParameters parameters;
        try
        {
            using JsonDocument document = JsonDocument.Parse(jwk);
            parameters = Read(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw NoJson();
        }

        try
        {
            var key = ECDsa.Create(parameters);
            if (IsPair(key, parameters))
            {
                return new DPoPKey(key, parameters);
            }
        }
        catch (CryptographicException)
        {
            // Some systems' libraries compare the two themselves.
        }
        finally
        {
            CryptographicOperations.ZeroMemory(parameters.D);
        }

        throw new FormatException("The members 'x' and 'y' of the key are not the public key of its 'd'.");
    }

    /// <summary>Gets the nonce of an answer; <see langword="null"/> if there is none, or one that no proof may hold.</summary>
    internal static string? NonceOf(HttpResponseMessage response) =>
        response.Headers.NonValidated.TryGetValues(NonceHeaderName, out var values) && IsNonce(values.ToString().Trim())
            ? values.ToString().Trim()
            : null;

    // RFC 9449 section 8.1: NQCHAR of RFC 6749 appendix A, which knows no blank, quotation mark or backslash.
    private static bool IsNonce(string nonce) => nonce.Length is > 0 and <= LongestNonce
        && !nonce.AsSpan().ContainsAnyExceptInRange('!', '~')
        && !nonce.AsSpan().ContainsAny('"', '\\');

    // As .NET sends it, which mends the case of those it knows.
    private static string NameOf(HttpMethod method)
    {
        string upper = method.Method.ToUpperInvariant();
        return upper is "GET" or "POST" or "PUT" or "PATCH" or "DELETE" or "HEAD" or "OPTIONS" or "TRACE" or "CONNECT"
            ? upper
            : method.Method;
    }

    // As the server sees it: the host in ASCII.
    private static string TargetOf(Uri address)
    {
        string host = address.HostNameType == UriHostNameType.Dns ? address.IdnHost : address.Host;
        string port = address.IsDefaultPort ? "" : $":{address.Port}";
        return $"{UriRedaction.HttpSchemeOf(address)}://{host}{port}{address.AbsolutePath}";
    }

    private static ECParameters Read(JsonElement jwk)
    {
        if (jwk.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException("The key is no JSON object.");
        }

        if (TextOf(jwk, "kty") != "EC" || TextOf(jwk, "crv") != "P-256" || TextOf(jwk, "alg") is not (null or "ES256"))
        {
            throw new FormatException(
                "The key is none of the kind 'EC' with the curve 'P-256' and the algorithm 'ES256' ('kty', 'crv', 'alg'), "
                + "the only ones that are supported.");
        }

        return new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new ECPoint { X = NumberOf(jwk, "x"), Y = NumberOf(jwk, "y") },
            D = NumberOf(jwk, "d"),
        };
    }

    private static string? TextOf(JsonElement jwk, string name) =>
        !jwk.TryGetProperty(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString()
        : "";

    private static byte[] NumberOf(JsonElement jwk, string name)
    {
        string text = TextOf(jwk, name) ?? throw new FormatException(
            name == "d" ? "The key has no member 'd': it is a public key, which proves nothing." : $"The key has no member '{name}'.");
        string base64 = text.Replace('-', '+').Replace('_', '/').PadRight((text.Length + 3) / 4 * 4, '=');
        byte[] bytes = new byte[base64.Length];
        if (!Convert.TryFromBase64String(base64, bytes, out int length) || length != CoordinateSize)
        {
            throw new FormatException($"The member '{name}' of the key is not {CoordinateSize} bytes in base64url.");
        }

        return bytes[..CoordinateSize];
    }

    // Not every system's library compares the two when it reads them.
    private static bool IsPair(ECDsa key, ECParameters parameters)
    {
        using var verifier = ECDsa.Create(new ECParameters { Curve = parameters.Curve, Q = parameters.Q });
        byte[] hash = SHA256.HashData(parameters.Q.X!);
        return verifier.VerifyHash(hash, key.SignHash(hash));
    }

    // Without its cause: the messages of the JSON reader quote what they stumbled over.
    private static FormatException NoJson() => new("The key is no JSON, or holds text that is no Unicode text.");

    private static string Encode(byte[]? bytes) => Convert.ToBase64String(bytes!).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    private byte[] Sign(byte[] data)
    {
        // .NET does not say that one key may sign on two threads at once.
        lock (_key)
        {
            return _key.SignData(data, HashAlgorithmName.SHA256);
        }
    }
}
