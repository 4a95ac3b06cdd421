namespace TokenRefresh.FreshProcess;

/// <summary>Sends requests that carry the access token, in one of the ways that are compared.</summary>
internal interface IRequestSender : IDisposable
{
    /// <summary>Sends one request and throws unless it is accepted.</summary>
    Task SendAsync();
}
