namespace TokenRefresh.Http;

/// <summary>Keeps a token from following a redirect to another origin.</summary>
internal static class Redirects
{
    /// <summary>Switches automatic redirects off, which carry along every header but <c>Authorization</c>.</summary>
    /// <exception cref="TokenRefreshConfigurationException">
    /// The innermost handler follows redirects and is in use already, or is one of which that cannot be told.
    /// </exception>
    internal static void SwitchOff(HttpMessageHandler? handler, string headerName)
    {
        while (handler is DelegatingHandler { InnerHandler: { } inner })
        {
            handler = inner;
        }

        try
        {
            switch (handler)
            {
                case SocketsHttpHandler { AllowAutoRedirect: true } sockets:
                    sockets.AllowAutoRedirect = false;
                    break;
                case HttpClientHandler { AllowAutoRedirect: true } client:
                    client.AllowAutoRedirect = false;
                    break;
                case SocketsHttpHandler or HttpClientHandler or DelegatingHandler:
                    // Follows none: set so before, or without an inner handler and so a fake.
                    break;
                default:
                    throw new TokenRefreshConfigurationException(
                        $"The token goes into the header '{headerName}', which automatic redirects would carry to other origins, " +
                        $"and whether '{handler?.GetType()}' follows them cannot be seen. " +
                        $"End the pipeline in a '{nameof(SocketsHttpHandler)}'; " +
                        $"a fake for tests derives from '{nameof(DelegatingHandler)}' and has no inner handler.");
            }
        }
        catch (InvalidOperationException inUse)
        {
            throw new TokenRefreshConfigurationException(
                $"The token goes into the header '{headerName}', which automatic redirects would carry to other origins, " +
                "and the handler that sends has been used before. " +
                $"Set its '{nameof(SocketsHttpHandler.AllowAutoRedirect)}' (now 'True') to false, or give the client a handler of its own.",
                inUse);
        }
    }
}
