using System.Diagnostics;
using FluentAssertions;
using TokenRefresh.Tool.Commands;

namespace TokenRefresh.Tool.Tests;

public sealed class WatchCommandTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 27, 10, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Each_change_is_a_line()
    {
        TokenRefreshStatus first = Status(TokenRefreshState.ExpiredButRefreshable);
        TokenRefreshStatus held = first with { LockHolder = new LockHolder(4711, "worker", "host", Now) };
        TokenRefreshStatus refreshed = Status(TokenRefreshState.SignedIn) with
        {
            AccessTokenExpiresAt = Now + TimeSpan.FromHours(1),
            LastRefreshAt = Now,
        };
        TokenRefreshStatus replaced = refreshed with { LastRefreshAt = null, AccessTokenExpiresAt = Now + TimeSpan.FromHours(2) };

        WatchCommand.Events(null, first, Now).Should().ContainSingle().Which.Should().StartWith("/a: signed in; the access token");
        WatchCommand.Events(first, held, Now).Should().Equal("process 4711 (worker) took the lock");
        WatchCommand.Events(held, refreshed, Now).Should().Equal(
            "process 4711 (worker) released the lock",
            "refreshed; the access token expires 2026-11-27 11:00:00Z (in 1 h 0 min)",
            "signed in");
        WatchCommand.Events(refreshed, replaced, Now).Should().ContainSingle().Which.Should().StartWith("another login");
        WatchCommand.Events(replaced, replaced, Now).Should().BeEmpty();
        WatchCommand.Events(replaced, replaced with { Problem = "Something." }, Now).Should().Equal("Something.");
    }

    [Fact]
    public async Task A_refresh_of_another_process_is_seen_until_a_signal_ends_the_watch()
    {
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        using Process process = Process.Start(ToolProcess.StartInfo(login, "watch"))!;
        await ToolProcess.ReadUntilAsync(process.StandardOutput, "the access token is expired");

        await login.CreateProvider().GetAccessTokenAsync();
        string line = await ToolProcess.ReadUntilAsync(process.StandardOutput, "refreshed; the access token expires");
        ToolProcess.Signal(process, "INT");
        await process.WaitForExitAsync();

        line.Should().MatchRegex(@"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ ");
        process.ExitCode.Should().Be(ExitCode.Healthy);
        login.Books.TokenRequests.Should().Be(1);
    }

    private static TokenRefreshStatus Status(TokenRefreshState state) => new() { State = state, Location = "/a" };
}
