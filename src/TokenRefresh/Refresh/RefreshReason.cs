namespace TokenRefresh.Refresh;

/// <summary>What a flight is for: which token will do.</summary>
/// <param name="RejectedToken">The token a resource rejected, or <see langword="null"/>.</param>
/// <param name="CachedToken">The token to be replaced before it expires, for a background flight; otherwise <see langword="null"/>.</param>
/// <param name="WasAccepted">Whether a resource had accepted the rejected token before: then it is revoked, and another one will do.</param>
internal readonly record struct RefreshReason(string? RejectedToken, string? CachedToken, bool WasAccepted = false)
{
    internal bool IsBackground => CachedToken is not null;

    internal bool Excludes(string accessToken) => accessToken == RejectedToken || accessToken == CachedToken;
}
