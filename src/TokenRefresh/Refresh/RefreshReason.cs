namespace TokenRefresh.Refresh;

/// <summary>Why a refresh was asked for, and so which token will do. Immutable.</summary>
/// <param name="rejectedToken">The access token a resource rejected, or <see langword="null"/>.</param>
/// <param name="cachedToken">The access token to be replaced before it expires, for a background refresh; otherwise
/// <see langword="null"/>.</param>
internal sealed class RefreshReason(string? rejectedToken, string? cachedToken)
{
    /// <summary>A caller needs a token.</summary>
    internal static readonly RefreshReason TokenNeeded = new(null, null);

    internal readonly string? RejectedToken = rejectedToken;

    internal readonly string? CachedToken = cachedToken;

    internal readonly bool IsBackground = cachedToken is not null;

    internal bool Excludes(string accessToken) => accessToken == RejectedToken || accessToken == CachedToken;
}
