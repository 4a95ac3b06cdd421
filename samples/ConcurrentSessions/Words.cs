using System.Globalization;

namespace ConcurrentSessions;

/// <summary>What the demonstration says.</summary>
internal static class Words
{
    public static string Title(ProviderKind provider) => provider switch
    {
        ProviderKind.Uncoordinated => "Without coordination: each session refreshes on its own.",
        ProviderKind.Coordinated => "With TokenRefresh: the sessions take turns, and the others use what the first one got.",
        _ => "With TokenRefresh over a lock that excludes no one: this must go wrong.",
    };

    public static string Books(HalfState state) =>
        $"server's books: {Count(state.Books.Expiries, "expiry", "expiries")}, {Count(state.Books.Grants, "refresh", "refreshes")}, "
        + $"{Count(state.Books.Reuses, "reuse")}, {Count(state.Books.FamiliesRevoked, "login")} revoked; "
        + $"{state.LoggedOut} of {Count(state.Sessions.Count, "session")} logged out";

    public static IEnumerable<string> Verdict(IReadOnlyList<HalfState> halves)
    {
        foreach (var half in halves)
        {
            var how = half.Provider == ProviderKind.Uncoordinated ? "Without coordination" : "With TokenRefresh";
            yield return $"{how}: {Sentence(half)}";
        }

        yield return halves[^1].IsPerfect
            ? "Verdict: perfect. One refresh per expiry, over all processes and callers."
            : "Verdict: not perfect.";
    }

    private static string Sentence(HalfState half)
    {
        var served = string.Create(CultureInfo.InvariantCulture, $"{half.Served} requests were served");
        if (half.IsPerfect)
        {
            return $"the access token expired {Times(half.Books.Expiries)}, and each time exactly one of the "
                + $"{Count(half.Sessions.Count, "session")} refreshed it. No refresh token was used twice, "
                + $"no session was logged out, {served}.";
        }

        var what = half.Books.Reuses > 0
            ? $"a refresh token that was already used was presented {Times(half.Books.Reuses)}. "
                + $"The server took that for theft and revoked {Count(half.Books.FamiliesRevoked, "login")}"
            : $"{Count(half.Books.Expiries, "expiry", "expiries")} cost {Count(half.Books.Grants, "refresh", "refreshes")}";
        var early = half.Failed == 0 ? "" : $", {Count(half.Failed, "session")} ended early";
        return $"{what}; {half.LoggedOut} of {Count(half.Sessions.Count, "session")} must sign in again{early}. {served}.";
    }

    private static string Times(int count) => count == 1 ? "once" : string.Create(CultureInfo.InvariantCulture, $"{count} times");

    private static string Count(int count, string one, string? many = null) =>
        string.Create(CultureInfo.InvariantCulture, $"{count} {(count == 1 ? one : many ?? one + "s")}");
}
