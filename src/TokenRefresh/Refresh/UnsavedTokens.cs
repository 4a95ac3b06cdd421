using TokenRefresh.Record;

namespace TokenRefresh.Refresh;

/// <summary>A pair that was obtained and could not be saved: the truth for this process, whatever the file says.</summary>
/// <param name="Replaces">The pair it was exchanged for, still stored and never to be presented again.</param>
/// <param name="Pair">The pair itself.</param>
/// <param name="At">When it was obtained.</param>
internal sealed record UnsavedTokens(OAuthCredentials Replaces, OAuthCredentials Pair, DateTimeOffset At)
{
    /// <summary>Gets what the record says of it once it is stored.</summary>
    internal ObtainedNote Obtained => new(Fingerprint.Of(Pair.AccessToken), At, TimeSpan.Zero);
}
