using System.Globalization;
using FluentAssertions;
using TokenRefresh.TestKit;

namespace TokenRefresh.ProcessTests;

public sealed class HeldResourcesTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    [Fact]
    [FailureMode("F98")]
    public async Task After_a_hundred_refreshes_a_process_has_no_more_threads_and_descriptors_than_after_ten()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Threads and descriptors are counted in /proc, on Windows by tests/windows-path.");
        await using SharedLogin login = await SharedLogin.StartAsync();
        await using ChildProcess child = await ChildProcess.StartAsync(TestProgram.Path);
        await child.RunAsync(login.CreateCommand());
        await RefreshAsync(10);
        string[] afterTen = await HeldAsync();

        // What has ended is gone from the system a moment later.
        await RefreshAsync(90);
        string[] afterHundred = await HeldAsync();
        long start = TimeProvider.System.GetTimestamp();
        while (HasMore() && TimeProvider.System.GetElapsedTime(start) < Patience)
        {
            await Task.Delay(Pause, TimeProvider.System);
            afterHundred = await HeldAsync();
        }

        HasMore().Should().BeFalse($"after 10 it was {string.Join(' ', afterTen)}, and is {string.Join(' ', afterHundred)}");
        login.Books.Should().BeEquivalentTo(new { TokenRequests = 100, Reuses = 0 });
        login.TempFiles.Should().BeEmpty();

        bool HasMore() => Enumerable.Range(0, 2).Any(
            i => int.Parse(afterHundred[i], CultureInfo.InvariantCulture) > int.Parse(afterTen[i], CultureInfo.InvariantCulture));

        async Task<string[]> HeldAsync()
        {
            await child.RunAsync("collect");
            string[] words = (await child.RunAsync("held")).Split('=', ' ');
            return [words[1], words[3]];
        }

        async Task RefreshAsync(int count)
        {
            for (var i = 0; i < count; i++)
            {
                IssuedLogin expired = login.Server.IssueLogin(TimeSpan.FromMinutes(-1));
                await child.RunAsync($"store {expired.AccessToken} {expired.RefreshToken} in:-60");
                await child.RunAsync("get");
            }
        }
    }
}
