using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace TokenRefresh.Testing;

/// <summary>Serves <c>/api/...</c>: checks the token (RFC 6750, RFC 9449) and echoes what it received.</summary>
internal sealed class ProtectedResource(
    LoopbackAuthorizationServerOptions options,
    TokenLedger ledger,
    BookKeeper books,
    ProofVerifier proofs,
    CancellationToken stopping)
{
    private static readonly byte[] ExpiredBody =
        """{"type":"error","error":{"type":"authentication_error","message":"OAuth token has expired."}}"""u8.ToArray();
    private static readonly byte[] ForbiddenBody =
        """{"type":"error","error":{"type":"permission_error","message":"The token's scope does not suffice."}}"""u8.ToArray();

    private readonly ConcurrentQueue<ParkedRequest> _gates = new();

    public ApiBarrier? Barrier { get; set; }

    /// <summary>Where <c>/api/redirect</c> leads.</summary>
    public Uri? RedirectTarget { get; set; }

    public void Enqueue(ParkedRequest gate) => _gates.Enqueue(gate);

    public async Task HandleAsync(HttpContext context)
    {
        string? token = ReadToken(context.Request);
        _gates.TryDequeue(out ParkedRequest? gate);
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        if (Barrier is { } barrier)
        {
            await barrier.PassAsync(stopping);
        }

        bool goesOn = gate is null || await gate.PassAsync(ParkPoint.BeforeProcessing, stopping);
        ProofVerdict? proof = proofs.IsDemanded && token is not null ? Prove(context.Request, token) : null;
        bool isAccepted = context.Request.Path != "/api/always401" && token is not null && proof is null or { Error: null }
            && ledger.IsAccepted(token!);
        books.ApiAnswered(token is null ? null : ledger.FindFamily(token), token is not null, !isAccepted);
        goesOn = goesOn && (gate is null || await gate.PassAsync(ParkPoint.AfterProcessing, stopping));
        if (!goesOn)
        {
            context.Abort();
            return;
        }

        if (proofs.NonceToSend() is { } nonce)
        {
            context.Response.Headers["DPoP-Nonce"] = nonce;
        }

        await AnswerAsync(context, token, isAccepted, proof, body);
    }

    private ProofVerdict Prove(HttpRequest request, string token)
    {
        ProofVerdict proof = proofs.Verify(request, token);
        if (proof.Error is not null)
        {
            books.ProofRefused(proof.Error);
        }
        else if (ledger.FindThumbprint(token) is not { } bound || bound != proof.Thumbprint)
        {
            // RFC 9449 section 7.1.
            books.ProofRefused("invalid_token");
            return new ProofVerdict(proof.Thumbprint, "invalid_token", "Invalid DPoP key binding");
        }

        return proof;
    }

    private string? ReadToken(HttpRequest request)
    {
        string value = request.Headers[options.HeaderName].ToString();
        string scheme = proofs.IsDemanded ? "DPoP " : "Bearer ";
        string token = !string.Equals(options.HeaderName, AccessToken.DefaultHeaderName, StringComparison.OrdinalIgnoreCase) ? value
            : value.StartsWith(scheme, StringComparison.OrdinalIgnoreCase) ? value[scheme.Length..].Trim()
            : "";
        return token.Length == 0 ? null : token;
    }

    private Task AnswerAsync(HttpContext context, string? token, bool isAccepted, ProofVerdict? proof, MemoryStream body)
    {
        IHeaderDictionary headers = context.Response.Headers;
        if (!isAccepted)
        {
            // RFC 6750 section 3.1: a request without any authentication gets the bare challenge.
            string challenge = proofs.IsDemanded ? "DPoP algs=\"ES256\"" : "Bearer";
            headers.WWWAuthenticate = token is null ? challenge
                : challenge + (proofs.IsDemanded ? ", " : " ") + (proof?.Error is { } error
                    ? $"error=\"{error}\", error_description=\"{proof.Description}\""
                    : "error=\"invalid_token\", error_description=\"The access token expired\"");
            return SendAsync(context, 401, ExpiredBody);
        }

        switch (context.Request.Path.Value)
        {
            case "/api/forbidden":
                headers.WWWAuthenticate = "Bearer error=\"insufficient_scope\", scope=\"admin\"";
                return SendAsync(context, 403, ForbiddenBody);
            case "/api/redirect":
                headers.Location = RedirectTarget!.AbsoluteUri;
                return SendAsync(context, 307, ReadOnlyMemory<byte>.Empty);
            default:
                return SendAsync(context, 200, Echo(context.Request, token!, body));
        }
    }

    private byte[] Echo(HttpRequest request, string token, MemoryStream body) =>
        TokenEndpointAnswers.Json(writer =>
        {
            writer.WriteString("method", request.Method);
            writer.WriteString("path", request.Path + request.QueryString);
            writer.WriteString("tokenFingerprint", TokenFingerprint.Of(token));
            writer.WriteString("contentType", request.ContentType);
            writer.WriteString("body", Encoding.UTF8.GetString(body.GetBuffer().AsSpan(0, (int)body.Length)));
            writer.WriteStartObject("headers");
            foreach ((string name, Microsoft.Extensions.Primitives.StringValues values) in request.Headers)
            {
                if (!string.Equals(name, options.HeaderName, StringComparison.OrdinalIgnoreCase))
                {
                    writer.WriteString(name, values.ToString());
                }
            }

            writer.WriteEndObject();
        });

    private static async Task SendAsync(HttpContext context, int status, ReadOnlyMemory<byte> body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }
}
