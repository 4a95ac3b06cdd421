using System.Globalization;

namespace ConcurrentSessions;

/// <summary>What a session says of itself, one line each time.</summary>
/// <param name="Served">Requests that the API answered with 200.</param>
/// <param name="Failed">Requests that failed otherwise, after whatever the handler did about it.</param>
/// <param name="IsLoggedOut">Whether its user would have to sign in again.</param>
internal sealed record SessionReport(int Served, int Failed, bool IsLoggedOut)
{
    public const string Ready = "ready";

    public static SessionReport Empty { get; } = new(0, 0, false);

    public static SessionReport? Parse(string line) =>
        line.Split(' ') is ["report", var served, var failed, var state]
        && int.TryParse(served, NumberStyles.None, CultureInfo.InvariantCulture, out var s)
        && int.TryParse(failed, NumberStyles.None, CultureInfo.InvariantCulture, out var f)
            ? new SessionReport(s, f, state == "logged-out")
            : null;

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"report {Served} {Failed} {(IsLoggedOut ? "logged-out" : "signed-in")}");
}
