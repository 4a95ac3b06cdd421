using Spectre.Console;

namespace ConcurrentSessions;

/// <summary>Runs the halves one after the other, shows them, and ends with the verdict.</summary>
internal static class Demonstration
{
    /// <summary>Something other than the command line's own 1, so that a mistyped option is not taken for a verdict.</summary>
    private const int NotPerfect = 2;

    public static async Task<int> RunAsync(Load load, IReadOnlyList<ProviderKind> halves, CancellationToken cancellationToken)
    {
        var isLive = !Console.IsOutputRedirected && AnsiConsole.Profile.Capabilities.Interactive;
        Action<string> say = isLive ? AnsiConsole.WriteLine : Console.WriteLine;
        say(
            $"{load.Processes} processes with {load.Callers} callers each share one login in one .credentials.json. "
            + $"An access token lives {load.Lifetime.TotalSeconds} s, a refresh token may be used once.");
        var results = new List<HalfState>();
        foreach (var half in halves)
        {
            say("");
            say(Words.Title(half));
            results.Add(isLive
                ? await LiveView.RunAsync(load, half, cancellationToken)
                : await PlainView.RunAsync(load, half, cancellationToken));
        }

        say("");
        Words.Verdict(results).ToList().ForEach(say);
        return results[^1].IsPerfect ? 0 : NotPerfect;
    }
}
