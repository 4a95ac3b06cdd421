using TokenRefresh.Endpoint;
using TokenRefresh.Record;

namespace TokenRefresh.Refresh;

/// <summary>How long to wait: after a failed exchange, a probable rejection, and while a resource rejects fresh tokens.</summary>
internal static class Backoff
{
    private static readonly TimeSpan LongestCoolDown = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan FirstRejection = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan LongestRejection = TimeSpan.FromDays(1);
    private static readonly TimeSpan FirstResourcePause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestResourcePause = TimeSpan.FromHours(1);

    // The first rejections in a row by a resource cost a refresh each, since they may be transient; then the pauses begin.
    private const int FreeRejections = 3;

    /// <summary>The pause after an exchange that left the refresh token untouched.</summary>
    internal static Hold CoolDown(LoginRecord record, RecordKey key, TokenEndpointResult result, DateTimeOffset now)
    {
        bool isConfiguration = result.Outcome == TokenEndpointOutcome.Misconfigured;
        int count = NextCount(record.Find(HoldKind.CoolDown, key), now);

        // A wrong setting, or an answer without tokens, will most likely be the same a few seconds later.
        TimeSpan first = isConfiguration || result.IsWithoutTokens ? TimeSpan.FromMinutes(1) : TimeSpan.FromSeconds(1);
        TimeSpan pause = Doubled(first, count, LongestCoolDown);
        pause *= 1 + (Random.Shared.NextDouble() / 4);
        if (result.RetryAfter is { } asked && asked > pause)
        {
            pause = asked;
        }

        return new Hold(HoldKind.CoolDown, key, now, now + Min(pause, LongestCoolDown), count)
        {
            Cause = isConfiguration ? Hold.Configuration
                : result.StatusCode is { } status ? $"HTTP {status}{(result.IsWithoutTokens ? " without an access token" : "")}"
                : result.Outcome == TokenEndpointOutcome.NotSent ? "it could not be reached" : "no answer",
        };
    }

    /// <summary>The pause after an answer whose access token needs a key: each further exchange would rotate for nothing.</summary>
    internal static Hold BoundToKey(Hold? former, RecordKey key, DateTimeOffset now)
    {
        int count = NextCount(former, now);
        return new Hold(HoldKind.CoolDown, key, now, now + Doubled(TimeSpan.FromMinutes(1), count, LongestCoolDown), count)
        {
            Cause = Hold.BoundToKey,
        };
    }

    /// <summary>The pause after a rejection that only the words of the answer tell of, not its error code.</summary>
    internal static Hold ProbablyRejected(LoginRecord record, RecordKey key, DateTimeOffset now)
    {
        int count = NextCount(record.Find(HoldKind.Rejected, key), now);
        return new Hold(HoldKind.Rejected, key, now, now + Doubled(FirstRejection, count, LongestRejection), count);
    }

    /// <summary>Counts a refresh that replaced a token because a resource rejected it.</summary>
    internal static Hold ResourceRejects(LoginRecord record, RecordKey sent, DateTimeOffset now)
    {
        int count = 1;
        if (record.Find(HoldKind.ResourceRejects, sent) is { } former
            && record.ObtainedAt(sent.AccessToken) is { } obtained
            && obtained <= now)
        {
            // A token that was good for long starts the count over. Long is twice the pause: a token that was rejected from the start is
            // replaced right after the pause, so its age is little more than that.
            bool hasServed = now - obtained > ResourcePause(former.Count) * 2;
            count = hasServed ? 1 : former.Count + 1;
        }

        return new Hold(HoldKind.ResourceRejects, sent, now, count < FreeRejections ? now : now + ResourcePause(count), count);
    }

    private static TimeSpan ResourcePause(int count) =>
        Doubled(FirstResourcePause, Math.Max(count - FreeRejections, 0) + 1, LongestResourcePause);

    private static int NextCount(Hold? former, DateTimeOffset now) =>
        former is not null && former.Since <= now ? Math.Min(former.Count + 1, 30) : 1;

    private static TimeSpan Doubled(TimeSpan first, int count, TimeSpan longest)
    {
        TimeSpan pause = first;
        for (var i = 1; i < count && pause < longest; i++)
        {
            pause *= 2;
        }

        return Min(pause, longest);
    }

    private static TimeSpan Min(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
