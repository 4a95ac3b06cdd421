using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using TokenRefresh.Benchmarks.Reporting;

namespace TokenRefresh.Benchmarks;

/// <summary>From the start of a process, with a valid token on disk, to the first token in hand: what a command-line program pays at each call.</summary>
internal sealed class ColdStartBenchmarks : IQuestion
{
    internal const string Verb = "cold-start";

    private const string Bare = "reads nothing";
    private const string ByHand = "reads the file by hand";
    private const string Own = "TokenRefresh";
    private const string Msal = "MSAL: AcquireTokenSilent, cache file";

    /// <summary>The child: gets its token and prints when it was in its first line, and when it had the token.</summary>
    internal static async Task<int> RunChildAsync(string who, string path)
    {
        long started = Stopwatch.GetTimestamp();
        switch (who)
        {
            case ByHand:
                using (var document = JsonDocument.Parse(await File.ReadAllBytesAsync(path)))
                {
                    _ = document.RootElement.GetProperty("claudeAiOauth").GetProperty("accessToken").GetString();
                }

                break;
            case Own:
                await GetOwnAsync(path);
                break;
            case Msal:
                await GetFromMsalAsync(path);
                break;
        }

        long held = Stopwatch.GetTimestamp();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{started} {held}"));
        return 0;
    }

    public async Task<Answer> AskAsync(bool isQuick)
    {
        int rounds = isQuick ? 5 : 25;
        using var directory = new WorkDirectory();
        string path = Path.Combine(directory.Path, ".credentials.json");
        await File.WriteAllBytesAsync(path, SampleCredentials.Write(new OAuthCredentials("access-token", "refresh-token", TimeProvider.System.GetUtcNow().AddHours(8))));

        var table = new Table("a process that", "from its start, ms", "from its first line, ms", "more than reading nothing, ms");
        var results = new Dictionary<string, (double Whole, double OwnPart)>(StringComparer.Ordinal);
        string[] all = isQuick ? [Bare, ByHand, Own] : [Bare, ByHand, Own, Msal];
        var measured = all.ToDictionary(who => who, _ => new List<(double Whole, double OwnPart)>(), StringComparer.Ordinal);

        // In turn, so that a change of the machine's mood meets all of them.
        for (var i = -2; i < rounds; i++)
        {
            foreach (string who in all)
            {
                (double, double) round = await StartAsync(who, path);
                if (i >= 0)
                {
                    measured[who].Add(round);
                }
            }
        }

        foreach (string who in all)
        {
            results[who] = (measured[who].Select(round => round.Whole).Median(), measured[who].Select(round => round.OwnPart).Median());
            table.Add(who, Figure.Of(results[who].Whole), Figure.Of(results[who].OwnPart), Figure.Of(results[who].Whole - results[Bare].Whole));
        }

        return new Answer(
            "Cold start",
            $"A child process is started with a valid token on disk; until it holds that token. {rounds} starts each, taken in turn, after 2 uncounted ones; medians. Nothing here is precompiled beyond the framework itself.",
            [("", table.ToString())],
            []);
    }

    // Methods of their own, so that the other children do not load these assemblies.
    private static async Task GetOwnAsync(string path)
    {
        await using var tokens = CoordinatedTokenProvider.Create(o =>
        {
            o.CredentialsPath = path;
            o.TokenEndpoint = new Uri("https://localhost/never-asked");
            o.ClientId = "benchmarks";
        });
        await tokens.GetAccessTokenAsync();
    }

    private static async Task GetFromMsalAsync(string path) => await (await Peers.MsalTokens.CreateAsync(Path.GetDirectoryName(path))).GetAsync();

    private static async Task<(double Whole, double OwnPart)> StartAsync(string who, string path)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, [.. IsHost ? (string[])["exec", typeof(ColdStartBenchmarks).Assembly.Location] : [], Verb, who, path]) { RedirectStandardOutput = true, UseShellExecute = false };
        long before = Stopwatch.GetTimestamp();
        using Process child = Process.Start(start)!;
        string[] printed = (await child.StandardOutput.ReadToEndAsync()).Split(' ');
        await child.WaitForExitAsync();
        long started = long.Parse(printed[0], CultureInfo.InvariantCulture);
        long held = long.Parse(printed[1], CultureInfo.InvariantCulture);
        return (Ticks.ToMilliseconds(held - before), Ticks.ToMilliseconds(held - started));
    }

    private static bool IsHost => Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet";
}
