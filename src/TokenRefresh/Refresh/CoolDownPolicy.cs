using TokenRefresh.Endpoint;
using TokenRefresh.Record;

namespace TokenRefresh.Refresh;

/// <summary>How long to wait after a failed exchange.</summary>
internal static class CoolDownPolicy
{
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);

    // A wrong setting does not mend itself in seconds, and somebody is told about it each time.
    private static readonly TimeSpan ShortestForSettings = TimeSpan.FromMinutes(1);

    internal static CoolDownNote Next(CoolDownNote? former, RecordKey key, TokenEndpointResult result, DateTimeOffset now)
    {
        int failures = former is not null && former.Key == key && former.Start <= now ? Math.Min(former.Failures + 1, 20) : 1;
        TimeSpan first = result.Outcome == TokenEndpointOutcome.Misconfigured ? ShortestForSettings : Shortest;
        TimeSpan pause = first * Math.Pow(2, failures - 1) * (1 + (Random.Shared.NextDouble() / 4));
        if (result.RetryAfter is { } asked && asked > pause)
        {
            pause = asked;
        }

        return new CoolDownNote(key, now, now + (pause < CoolDownNote.Maximum ? pause : CoolDownNote.Maximum), result.Outcome, failures);
    }
}
