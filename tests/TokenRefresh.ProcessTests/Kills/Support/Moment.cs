namespace TokenRefresh.ProcessTests.Kills;

/// <summary>
/// Where in its refresh a process is when something happens to it. Those of the server's side are gates there, the others checkpoints in
/// the child.
/// </summary>
internal static class Moment
{
    internal const string Lease = "lease";
    internal const string ReRead = "reread";
    internal const string Prepare = "prepare";
    internal const string Journal = "journal";

    /// <summary>The server has the request and has decided nothing.</summary>
    internal const string Sent = "sent";

    /// <summary>The server has used up the refresh token and answered nothing.</summary>
    internal const string Processed = "processed";

    internal const string Answered = "answered";
    internal const string Temp = "temp";
    internal const string Renamed = "renamed";
    internal const string Release = "release";

    internal static IReadOnlyList<string> All { get; } =
        [Lease, ReRead, Prepare, Journal, Sent, Processed, Answered, Temp, Renamed, Release];

    /// <summary>Whether the request counts at the server.</summary>
    internal static bool IsAfterSending(string moment) => IsFrom(Sent, moment);

    /// <summary>Whether the attempt stands in the record, and no new pair in the file: no one else can know what became of it.</summary>
    internal static bool IsOutcomeUnknown(string moment) => IsFrom(Journal, moment) && !IsSaved(moment);

    /// <summary>Whether the refresh token is used and its successor gone with the process.</summary>
    internal static bool IsAnswerLost(string moment) => IsFrom(Processed, moment) && !IsSaved(moment);

    /// <summary>Whether the new pair is in the file.</summary>
    internal static bool IsSaved(string moment) => IsFrom(Renamed, moment);

    private static bool IsFrom(string first, string moment) => IndexOf(moment) >= IndexOf(first);

    private static int IndexOf(string moment) => All.TakeWhile(other => other != moment).Count();
}
