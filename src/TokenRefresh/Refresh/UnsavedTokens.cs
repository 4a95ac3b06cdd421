namespace TokenRefresh.Refresh;

/// <summary>Tokens that were obtained and could not be saved: they count for this process, whatever the file says. What they replace is
/// still stored, and never to be presented again. Immutable.</summary>
internal sealed class UnsavedTokens(OAuthCredentials? replaces, OAuthCredentials tokens, DateTimeOffset at)
{
    internal readonly OAuthCredentials? Replaces = replaces;

    internal readonly OAuthCredentials Tokens = tokens;

    internal readonly DateTimeOffset At = at;
}
