namespace TokenRefresh.Refresh;

/// <summary>Tokens that were obtained and could not be saved: they count for this process, whatever the file says. Immutable.</summary>
/// <param name="replaces">What is still stored, and never to be presented again; <see langword="null"/> for nothing.</param>
/// <param name="tokens">The tokens themselves.</param>
/// <param name="at">When they were obtained.</param>
internal sealed class UnsavedTokens(OAuthCredentials? replaces, OAuthCredentials tokens, DateTimeOffset at)
{
    internal readonly OAuthCredentials? Replaces = replaces;

    internal readonly OAuthCredentials Tokens = tokens;

    internal readonly DateTimeOffset At = at;
}
