namespace TokenRefresh.Record;

/// <summary>
/// A refresh token that was about to leave this machine. If nothing was noted about it later, its outcome is unknown once the process that
/// sent it has ended.
/// </summary>
/// <param name="key">The tokens and the client.</param>
/// <param name="at">When, by the wall clock.</param>
/// <param name="count">How often these tokens were presented so far, this time included.</param>
internal sealed class Attempt(RecordKey key, DateTimeOffset at, int count)
{
    internal readonly RecordKey Key = key;

    internal readonly DateTimeOffset At = at;

    internal readonly int Count = count;
}
