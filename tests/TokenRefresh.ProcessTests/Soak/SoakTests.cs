using System.Text;
using System.Text.Json;
using FluentAssertions;
using TokenRefresh.Stores;
using TokenRefresh.TestKit;

namespace TokenRefresh.ProcessTests.Soak;

/// <summary>
/// Sixteen processes in a storm of kills, stops, sign-ins, sign-outs, rejections and server faults, for as long as the environment says.
/// </summary>
public sealed class SoakTests(ITestOutputHelper output)
{
    private const int Processes = 16;

    // Of what overlaps by mistake, the second comes within milliseconds of the first; a client that gave up has waited twice as long.
    private static readonly TimeSpan GivenUp = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    [Fact]
    public async Task Sixteen_processes_lose_no_login_in_a_storm()
    {
        SoakSettings? settings = SoakSettings.FromEnvironment();
        Assert.SkipWhen(settings is null, $"A soak is wanted only where '{SoakSettings.MinutesVariable}' says for how many minutes.");
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no SIGSTOP.");
        output.WriteLine($"{SoakSettings.SeedVariable}={settings.Seed}, {settings.Duration}");
        await using SharedLogin login = await SharedLogin.StartAsync(
            new LoopbackAuthorizationServerOptions { AccessTokenLifetime = TimeSpan.FromSeconds(3), RefreshTokenReuseWindow = Hour });
        var log = new SoakLog();
        SoakProcess[] processes =
        [
            .. Enumerable.Range(1, Processes)
                .Select(number => new SoakProcess(number, login, log, new Random(unchecked((settings.Seed * 31) + (100 * number))))),
        ];
        string[] ends;
        try
        {
            ends = await RunAsync(settings, login, processes, log);
        }
        finally
        {
            await Task.WhenAll(processes.Select(process => process.DisposeAsync().AsTask()));
        }

        log.Breaches.Should().BeEmpty();
        ends.Where(
            end => !SoakLog.IsSignedOut(end)
                && !end.StartsWith("accepted", StringComparison.Ordinal)
                && !end.StartsWith(nameof(RefreshOutcomeUnknownException), StringComparison.Ordinal))
            .Should().BeEmpty();
        login.Books.Should().BeEquivalentTo(new { Reuses = 0, FamiliesRevoked = 0, InvalidRequests = 0 });
        Overlaps(login.Server.ReceivedTokenRequests, [.. processes.SelectMany(process => process.Kills)]).Should().BeEmpty();
        SecretSearch.CountLeaks(Everything(login, log), login.Server.IssuedTokens).Should().Be(0);
    }

    /// <summary>Lets the storm rage, asks every process for its end, and lets a user sign in.</summary>
    /// <returns>What each process has in the end, before the last sign-in.</returns>
    private async Task<string[]> RunAsync(SoakSettings settings, SharedLogin login, SoakProcess[] processes, SoakLog log)
    {
        var storm = new Storm(login, processes, log, settings.Seed);
        await Task.WhenAll(processes.Select(process => process.StartAsync()));
        using (var over = new CancellationTokenSource(settings.Duration, TimeProvider.System))
        {
            await Task.WhenAll([storm.RunAsync(over.Token), .. processes.Select(process => process.RunAsync(over.Token))]);
        }

        // The storm's last kill may meet a process that no longer looks whether it lives.
        await Task.WhenAll(processes.Select(process => process.StartAsync()));
        login.Server.ClearTokenBehaviors();
        login.Server.AccessTokenLifetime = Hour;
        string[] ends = await Task.WhenAll(processes.Select(process => SettleAsync(process, login)));
        IEnumerable<string> kinds = ends.GroupBy(end => end.Split(' ')[0], StringComparer.Ordinal)
            .Select(group => $"{group.Key} {group.Count()}");
        output.WriteLine($"{login.Books}\n{log.Figures}\nin the end: {string.Join(", ", kinds)}");
        await ShouldTakeTheNextLoginAsync(storm, processes, login);
        return ends;
    }

    /// <summary>Asks until the answer is final: pauses end by themselves.</summary>
    private static async Task<string> SettleAsync(SoakProcess process, SharedLogin login)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            string reply = await process.TryAsync($"api 1 {login.Server.ApiUri}x") ?? "gone";
            string answer = reply == "200=1 failures=0" ? "accepted" : reply.Split("failure=", 2)[^1];
            bool isFinal = answer == "accepted"
                || SoakLog.IsSignedOut(answer)
                || answer.StartsWith(nameof(RefreshOutcomeUnknownException), StringComparison.Ordinal);
            if (isFinal || TimeProvider.System.GetElapsedTime(start) > Patience)
            {
                return answer;
            }

            await Task.Delay(Pause, TimeProvider.System);
        }
    }

    private static async Task ShouldTakeTheNextLoginAsync(Storm storm, SoakProcess[] processes, SharedLogin login)
    {
        (await storm.SignInAsync(processes[0], Hour)).Should().BeEmpty("the user signs in");
        List<string> replies = [];
        foreach (string command in new[] { "get", "refresh last", $"api 1 {login.Server.ApiUri}x" })
        {
            replies.AddRange(
                await Task.WhenAll(
                    processes.Select(
                        async process => $"{process.Sender} {command.Split(' ')[0]}: {await process.TryAsync(command) ?? "no reply"}")));
        }

        replies.Where(reply => !reply.EndsWith("failures=0", StringComparison.Ordinal)).Should().BeEmpty();
        using JsonDocument document = JsonDocument.Parse(await File.ReadAllBytesAsync(login.Path));
        login.Server.IsAccepted(document.RootElement.GetProperty("claudeAiOauth").GetProperty("accessToken").GetString()!)
            .Should().BeTrue();
        document.RootElement.GetProperty("mcpOAuth")
            .EnumerateObject()
            .Should().ContainSingle("what others keep in the file is still there");
        login.TempFiles.Should().BeEmpty();
        using var store = new FileCredentialsStore(
            new CredentialsFileSettings(login.Path, CredentialsFileFormat.Auto, null, false, TimeSpan.FromSeconds(1)),
            TimeProvider.System);
        await using ICredentialsLease? lease = await store.AcquireLeaseAsync(TimeSpan.FromSeconds(1));
        lease.Should().NotBeNull("no one keeps the lock");
    }

    // Two requests in the server at once, though the sender of the first neither was dead nor had given up.
    private static IEnumerable<string> Overlaps(
        IReadOnlyList<ReceivedTokenRequest> requests,
        IReadOnlyList<(string Sender, DateTimeOffset At)> kills) =>
        from first in requests
        from second in requests
        where first.ArrivedAt < second.ArrivedAt && second.ArrivedAt < (first.AnsweredAt ?? DateTimeOffset.MaxValue)
        where second.ArrivedAt - first.ArrivedAt < GivenUp
        where !kills.Any(kill => kill.Sender == first.Headers["X-Sender"] && kill.At <= second.ArrivedAt)
        select $"{first.Headers["X-Sender"]} at {first.ArrivedAt:O} and {second.Headers["X-Sender"]} at {second.ArrivedAt:O}";

    // The credentials file aside, which is there to hold them.
    private static string Everything(SharedLogin login, SoakLog log) => string.Join(
        '\n',
        [
            .. log.Outputs,
            .. Directory.EnumerateFileSystemEntries(login.Directory.Path),
            Encoding.Latin1.GetString(File.ReadAllBytes(login.LockPath)),
        ]);
}
