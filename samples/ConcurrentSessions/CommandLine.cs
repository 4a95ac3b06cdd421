using System.CommandLine;
using System.Globalization;

namespace ConcurrentSessions;

/// <summary>The options, and what runs for them.</summary>
internal static class CommandLine
{
    public static RootCommand Build()
    {
        var processes = Number("--processes", 6, 1, 64, "How many session processes share the login.");
        var callers = Number("--callers", 4, 1, 256, "How many requests each session has under way at a time.");
        var lifetime = Number("--lifetime", 2, 1, 60, "How many seconds an access token lives.");
        var expiries = Number("--expiries", 5, 1, 100, "After how many expiries a half ends.");
        var seed = new Option<int>("--seed")
        {
            Description = "The seed of the pauses between requests, the same in both halves.",
            DefaultValueFactory = _ => 20_749,
        };
        var only = new Option<string?>("--only") { Description = "Run one half alone." };
        only.AcceptOnlyFromAmong("uncoordinated", "coordinated");
        var noOpLock = new Option<bool>("--no-op-lock")
        {
            Description = "Give the coordinated half a lock that excludes no one, to show that the verdict can fail.",
            Hidden = true,
        };

        var root = new RootCommand(
            "Runs processes that share one .credentials.json with a rotating refresh token: first each on its own, then with TokenRefresh.")
        {
            processes, callers, lifetime, expiries, seed, only, noOpLock, Session(),
        };
        root.SetAction((parsed, cancellationToken) => Demonstration.RunAsync(
            new Load(
                parsed.GetValue(processes),
                parsed.GetValue(callers),
                TimeSpan.FromSeconds(parsed.GetValue(lifetime)),
                parsed.GetValue(expiries),
                parsed.GetValue(seed)),
            Halves(parsed.GetValue(only), parsed.GetValue(noOpLock)),
            cancellationToken));
        return root;
    }

    private static Command Session()
    {
        var provider = new Option<ProviderKind>("--provider") { Required = true };
        var file = new Option<string>("--file") { Required = true };
        var token = new Option<Uri>("--token-endpoint") { Required = true, CustomParser = r => new Uri(r.Tokens[0].Value) };
        var api = new Option<Uri>("--api") { Required = true, CustomParser = r => new Uri(r.Tokens[0].Value) };
        var callers = new Option<int>("--callers") { Required = true };
        var seed = new Option<int>("--seed") { Required = true };
        var session = new Command("session", "Plays one session; started by the parent.") { provider, file, token, api, callers, seed };
        session.Hidden = true;
        session.SetAction((parsed, _) => SessionProgram.RunAsync(new SessionSettings(
            parsed.GetValue(provider),
            parsed.GetValue(file)!,
            parsed.GetValue(token)!,
            parsed.GetValue(api)!,
            parsed.GetValue(callers),
            parsed.GetValue(seed))));
        return session;
    }

    private static ProviderKind[] Halves(string? only, bool noOpLock)
    {
        var coordinated = noOpLock ? ProviderKind.CoordinatedWithNoOpLock : ProviderKind.Coordinated;
        return only switch
        {
            "uncoordinated" => [ProviderKind.Uncoordinated],
            "coordinated" => [coordinated],
            _ => [ProviderKind.Uncoordinated, coordinated],
        };
    }

    private static Option<int> Number(string name, int byDefault, int least, int most, string description) => new(name)
    {
        Description = $"{description} {least} to {most}.",
        DefaultValueFactory = _ => byDefault,
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most)
            {
                return value;
            }

            result.AddError($"'{name}' must be a whole number from {least} to {most}.");
            return default;
        },
    };
}
