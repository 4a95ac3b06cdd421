namespace TokenRefresh.Endpoint;

/// <summary>
/// Marks the requests that carry a refresh token, so that a <see cref="BearerTokenHandler"/> in their way can tell that it would wait for
/// itself.
/// </summary>
internal static class TokenRequestMark
{
    internal static readonly HttpRequestOptionsKey<bool> Key = new("TokenRefresh.TokenRequest");
}
