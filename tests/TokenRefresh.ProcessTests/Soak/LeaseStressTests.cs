using System.Globalization;
using System.Text.Json;
using FluentAssertions;
using TokenRefresh.TestKit;

namespace TokenRefresh.ProcessTests.Soak;

/// <summary>
/// Processes that raise a number under leases on real files, while some of them are killed and the lock file is deleted: for a moment in
/// every run, and for as long as the environment says.
/// </summary>
public sealed class LeaseStressTests(ITestOutputHelper output)
{
    private const int Processes = 4;
    private const int LeasesAtATime = 5;
    private const int DefaultRounds = 60;

    // Of a hundred rounds.
    private const int Kills = 10;
    private const int Deletions = 50;

    [Fact]
    [FailureMode("F2", "F22", "F37")]
    public async Task No_kill_and_no_deletion_of_the_lock_file_makes_exchanges_overlap_or_loses_an_update()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows lets no one delete an open lock file.");
        var settings = SoakSettings.FromEnvironment();
        int seed = settings?.Seed ?? SoakSettings.SeedFromEnvironment();
        output.WriteLine($"{SoakSettings.SeedVariable}={seed}, {settings?.Duration.ToString() ?? $"{DefaultRounds} rounds"}");
        using var directory = new TempDirectory();
        string path = Path.Combine(directory.Path, ".credentials.json");
        await File.WriteAllTextAsync(
            path, """{"claudeAiOauth":{"accessToken":"access-0","refreshToken":"refresh-0"},"mcpOAuth":{"others":"kept"}}""");
        await File.WriteAllTextAsync($"{path}.inside", "");
        await File.WriteAllTextAsync($"{path}.saved", "");
        using var over = settings is null ? null : new CancellationTokenSource(settings.Duration, TimeProvider.System);

        string[] replies = await StressAsync(path, new Random(seed), round => over?.IsCancellationRequested ?? round >= DefaultRounds);

        replies.Where(reply => !reply.StartsWith("overlaps=0 ", StringComparison.Ordinal)).Should().BeEmpty("exchanges must not overlap");
        int[] saved = [.. File.ReadLines($"{path}.saved").Select(line => int.Parse(line, CultureInfo.InvariantCulture))];
        saved.Should().OnlyHaveUniqueItems("a number that was saved twice is an update that was lost");
        using JsonDocument document = JsonDocument.Parse(await File.ReadAllBytesAsync(path));
        string last = document.RootElement.GetProperty("claudeAiOauth").GetProperty("refreshToken").GetString()!;
        int.Parse(last["refresh-".Length..], CultureInfo.InvariantCulture).Should().BeGreaterThanOrEqualTo(saved.Max());
        document.RootElement.GetProperty("mcpOAuth").GetProperty("others").GetString().Should().Be("kept");
        Directory.GetFiles(directory.Path, "*.tmp").Should().BeEmpty();
        output.WriteLine($"{saved.Length} numbers were saved, {replies.Length} times {LeasesAtATime} by processes that lived.");
    }

    private static async Task<string[]> StressAsync(string path, Random random, Func<int, bool> isOver)
    {
        string command = $"leases {LeasesAtATime} path={Uri.EscapeDataString(path)}";
        List<string> replies = [];
        ChildProcess[] children = await Task.WhenAll(Enumerable.Range(0, Processes).Select(_ => ChildProcess.StartAsync(TestProgram.Path)));
        try
        {
            Task<string>[] running = await Task.WhenAll(children.Select(child => child.StartCommandAsync(command)));
            for (var round = 0; !isOver(round); round++)
            {
                int ended = Array.IndexOf(running, await Task.WhenAny(running));
                replies.Add(await running[ended]);
                running[ended] = await children[ended].StartCommandAsync(command);
                int act = random.Next(100);
                if (act < Kills)
                {
                    int killed = random.Next(Processes);
                    await children[killed].KillAsync();
                    await children[killed].DisposeAsync();
                    children[killed] = await ChildProcess.StartAsync(TestProgram.Path);
                    running[killed] = await children[killed].StartCommandAsync(command);
                }
                else if (act < Kills + Deletions)
                {
                    File.Delete($"{path}.tokenrefresh.lock");
                }
            }

            replies.AddRange(await Task.WhenAll(running));

            // The left-overs of the killed are removed with the next save.
            replies.Add(await children[0].RunAsync(command));
            return [.. replies];
        }
        finally
        {
            await Task.WhenAll(children.Select(child => child.DisposeAsync().AsTask()));
        }
    }
}
