using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.WebUtilities;

namespace TokenRefresh.Testing;

/// <summary>
/// Serves sign-ins: metadata (RFC 8414), the authorization endpoint with PKCE, whose user agrees at once, and device codes (RFC 8628).
/// </summary>
internal sealed class SignInEndpoints(LoopbackAuthorizationServerOptions options, TokenLedger ledger)
{
    private const string DeviceGrant = "urn:ietf:params:oauth:grant-type:device_code";

    private readonly ConcurrentDictionary<string, (string RedirectUri, string Challenge)> _codes = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int> _devices = new(StringComparer.Ordinal);

    /// <summary>Gets or sets how often a device's poll is answered with 'authorization_pending' before the user agrees.</summary>
    public int PendingPolls { get; set; } = 1;

    /// <summary>Gets or sets the error that the user's answer brings, in place of a code.</summary>
    public string? Denial { get; set; }

    /// <summary>Answers a request; one whose path is none of a sign-in with 404.</summary>
    public Task HandleAsync(HttpContext context)
    {
        switch (context.Request.Path.Value)
        {
            case "/.well-known/oauth-authorization-server":
                return SendAsync(context, Metadata(Origin(context)));
            case "/authorize":
                return AuthorizeAsync(context);
            case "/device_authorization" when HttpMethods.IsPost(context.Request.Method):
                return SendAsync(context, NewDevice(Origin(context)));
            default:
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                return Task.CompletedTask;
        }
    }

    /// <summary>Answers the token request of a sign-in, or returns <see langword="null"/> for other grants.</summary>
    public ScriptedAnswer? Grant(ReceivedTokenRequest request, string? thumbprint)
    {
        string? error;
        switch (request.Parameters.GetValueOrDefault("grant_type"))
        {
            case "authorization_code":
                string verifier = request.Parameters.GetValueOrDefault("code_verifier", "");
                string asked = request.Parameters.GetValueOrDefault("code", "");
                bool isGood = _codes.TryRemove(asked, out (string RedirectUri, string Challenge) code)
                    && code.RedirectUri == request.Parameters.GetValueOrDefault("redirect_uri")
                    && code.Challenge == WebEncoders.Base64UrlEncode(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)));
                error = isGood ? null : "invalid_grant";
                break;
            case DeviceGrant:
                string device = request.Parameters.GetValueOrDefault("device_code", "");
                error = !_devices.TryGetValue(device, out int polls) ? "invalid_grant"
                    : polls >= PendingPolls ? Denial
                    : "authorization_pending";
                _devices.AddOrUpdate(device, 1, static (_, count) => count + 1);
                break;
            default:
                return null;
        }

        byte[] body = error is not null
            ? Encoding.UTF8.GetBytes(TokenEndpointAnswers.ErrorBody(error, "As the test says."))
            : TokenEndpointAnswers.SuccessBody(
                ledger.IssueLogin(null, thumbprint).Credentials,
                ledger.AccessTokenLifetime,
                options.RefreshTokenLifetime,
                new Dictionary<string, string?>(StringComparer.Ordinal));
        return new ScriptedAnswer(error is null ? 200 : 400, "application/json", body);
    }

    private Task AuthorizeAsync(HttpContext context)
    {
        IQueryCollection query = context.Request.Query;
        string redirectUri = query["redirect_uri"].ToString();
        if (query["response_type"] != "code" || query["code_challenge_method"] != "S256" || redirectUri.Length == 0)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return Task.CompletedTask;
        }

        string code = NewSecret();
        _codes[code] = (redirectUri, query["code_challenge"].ToString());
        var answer = new QueryBuilder { { Denial is null ? "code" : "error", Denial ?? code }, { "state", query["state"].ToString() } };
        context.Response.Redirect(redirectUri + answer.ToQueryString());
        return Task.CompletedTask;
    }

    private byte[] NewDevice(string origin)
    {
        string code = NewSecret();
        _devices[code] = 0;
        return TokenEndpointAnswers.Json(writer =>
        {
            writer.WriteString("device_code", code);
            writer.WriteString("user_code", "WDJB-MJHT");
            writer.WriteString("verification_uri", origin + "/device");
            writer.WriteNumber("expires_in", 600);
            writer.WriteNumber("interval", 1);
        });
    }

    private static byte[] Metadata(string origin) => TokenEndpointAnswers.Json(writer =>
    {
        writer.WriteString("issuer", origin);
        writer.WriteString("authorization_endpoint", origin + "/authorize");
        writer.WriteString("token_endpoint", origin + "/token");
        writer.WriteString("device_authorization_endpoint", origin + "/device_authorization");
    });

    private static string Origin(HttpContext context) => $"http://{context.Request.Host}";

    private static string NewSecret() => WebEncoders.Base64UrlEncode(RandomNumberGenerator.GetBytes(32));

    private static Task SendAsync(HttpContext context, byte[] body) =>
        TokenEndpointAnswers.SendAsync(context, new ScriptedAnswer(200, "application/json", body), TokenEndpointBehavior.Normal);
}
