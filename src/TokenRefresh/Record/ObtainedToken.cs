namespace TokenRefresh.Record;

/// <summary>When an access token was obtained by a refresh, by the wall clock.</summary>
/// <param name="accessToken">The token's fingerprint.</param>
/// <param name="at">When.</param>
internal sealed class ObtainedToken(string accessToken, DateTimeOffset at)
{
    internal readonly string AccessToken = accessToken;

    internal readonly DateTimeOffset At = at;
}
