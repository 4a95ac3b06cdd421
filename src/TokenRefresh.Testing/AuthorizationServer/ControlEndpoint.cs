using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace TokenRefresh.Testing;

/// <summary>Serves <c>/control/...</c>, so that other processes can look at the books and drive the server.</summary>
/// <remarks>
/// <c>GET /control/books</c>; <c>POST /control/logins?lifetime=seconds</c> answers with the pair and the login's name; <c>POST
/// /control/expire-access-tokens</c>;
/// <c>POST /control/access-token-lifetime?seconds=n</c>; <c>GET /control/ping</c> does nothing, which warms a client up.
/// </remarks>
internal sealed class ControlEndpoint(TokenLedger ledger, BookKeeper books)
{
    public async Task HandleAsync(HttpContext context)
    {
        byte[]? answer = (context.Request.Method, context.Request.Path.Value) switch
        {
            ("GET", "/control/ping") => "{}"u8.ToArray(),
            ("GET", "/control/books") => Encoding.UTF8.GetBytes(books.Snapshot().ToJson()),
            ("POST", "/control/logins") => IssueLogin(Seconds(context, "lifetime")),
            ("POST", "/control/expire-access-tokens") => Expire(),
            ("POST", "/control/access-token-lifetime") => SetLifetime(Seconds(context, "seconds")),
            _ => null,
        };
        context.Response.StatusCode = answer is null ? 404 : 200;
        if (answer is not null)
        {
            context.Response.ContentType = "application/json";
            await context.Response.Body.WriteAsync(answer, context.RequestAborted);
        }
    }

    private byte[] IssueLogin(TimeSpan? lifetime)
    {
        IssuedLogin login = ledger.IssueLogin(lifetime);
        return TokenEndpointAnswers.Json(writer =>
        {
            writer.WriteString("login", login.Id);
            writer.WriteString("access_token", login.AccessToken);
            writer.WriteString("refresh_token", login.RefreshToken);
            writer.WriteNumber("expires_at", login.Credentials.ExpiresAt!.Value.ToUnixTimeMilliseconds());
        });
    }

    private byte[] Expire()
    {
        ledger.EndAllAccessTokens();
        return "{}"u8.ToArray();
    }

    private byte[]? SetLifetime(TimeSpan? lifetime)
    {
        if (lifetime is not { } value)
        {
            return null;
        }

        ledger.AccessTokenLifetime = value;
        return "{}"u8.ToArray();
    }

    private static TimeSpan? Seconds(HttpContext context, string name) =>
        double.TryParse(context.Request.Query[name], NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds)
            ? TimeSpan.FromSeconds(seconds)
            : null;
}
