using Microsoft.AspNetCore.Http;

namespace TokenRefresh.Testing;

/// <summary>Leads a request to its endpoint.</summary>
internal sealed class LoopbackRouter(
    TokenEndpoint token,
    RevocationEndpoint revocation,
    ProtectedResource resource,
    ControlEndpoint control,
    SignInEndpoints signIn,
    BookKeeper books)
{
    /// <summary>The port of the other origin, which serves nothing.</summary>
    public int OtherPort { get; set; }

    public async Task HandleAsync(HttpContext context)
    {
        try
        {
            await RouteAsync(context);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or BadHttpRequestException)
        {
            // The client went away, sent half a request, or the server stops: no one is left to answer.
            context.Abort();
        }
    }

    private Task RouteAsync(HttpContext context)
    {
        if (context.Connection.LocalPort == OtherPort)
        {
            return CountRedirectAsync(context);
        }

        PathString path = context.Request.Path;
        bool isPost = HttpMethods.IsPost(context.Request.Method);
        switch (path.Value)
        {
            case "/token" when isPost:
                return token.HandleAsync(context);
            case "/revoke" when isPost:
                return revocation.HandleAsync(context);
            case "/token" or "/revoke":
                context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
                context.Response.Headers.Allow = "POST";
                return Task.CompletedTask;
        }

        if (path.StartsWithSegments("/api", StringComparison.Ordinal))
        {
            return resource.HandleAsync(context);
        }

        if (path.StartsWithSegments("/control", StringComparison.Ordinal))
        {
            return control.HandleAsync(context);
        }

        return signIn.HandleAsync(context);
    }

    private async Task CountRedirectAsync(HttpContext context)
    {
        (ReceivedTokenRequest request, _) = await TokenRequestReader.ReadAsync(context.Request, context.RequestAborted);
        bool hasSecret = request.Headers.ContainsKey("Authorization") || request.Parameters.ContainsKey("refresh_token");
        books.Update(
            entry =>
                entry with
                {
                    RedirectTargetHits = entry.RedirectTargetHits + 1,
                    RedirectTargetSecrets = entry.RedirectTargetSecrets + (hasSecret ? 1 : 0),
                });
    }
}
