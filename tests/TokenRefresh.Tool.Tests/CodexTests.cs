using System.Diagnostics;
using FluentAssertions;

namespace TokenRefresh.Tool.Tests;

/// <summary>
/// Real processes of the codex CLI, which refreshes its login without a lock. They share <c>auth.json</c> with <c>keep-fresh</c>, and ask
/// this machine's server alone. <c>tests/codex</c> installs the CLI and runs them where no other network is.
/// </summary>
public sealed class CodexTests
{
    private const int Processes = 4;

    // The CLI replaces a token that has less than five minutes left.
    private static readonly TimeSpan OwnerMargin = TimeSpan.FromMinutes(5);

    private static readonly string? Codex = Environment.GetEnvironmentVariable("TOKENREFRESH_CODEX");

    [Fact]
    public async Task Alone_its_processes_present_one_refresh_token_several_times()
    {
        await using CodexLogin login = await StartAsync();

        await login.StoreAsync(TimeSpan.FromMinutes(-1));
        await login.RunAsync(Codex!, Processes);

        TestContext.Current.TestOutputHelper!.WriteLine($"{Processes} of codex alone: {login.Books}");
        login.Books.TokenRequests.Should().BeGreaterThan(1);
        login.Books.Reuses.Should().BeGreaterThan(0);
    }

    [Fact]
    [FailureMode("F19")]
    public async Task Beside_keep_fresh_they_never_refresh_also_if_that_is_killed()
    {
        const int rounds = 5;
        await using CodexLogin login = await StartAsync();
        for (var round = 1; round <= rounds; round++)
        {
            // Due for us, and not yet for them. Two share the work, and one of them is killed.
            await login.StoreAsync(OwnerMargin + TimeSpan.FromMinutes(1));
            using Process first = login.KeepFresh();
            using Process second = login.KeepFresh();
            await login.Server.WaitForTokenRequestsAsync(round);
            first.Kill();
            await login.RunAsync(Codex!, Processes);

            login.Books.TokenRequests.Should().Be(round, "each round is one expiry");
            ToolProcess.Signal(second, "TERM");
            await second.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        TestContext.Current.TestOutputHelper!.WriteLine($"{Processes} of codex, {rounds} times, beside keep-fresh: {login.Books}");
        login.Books.Should().BeEquivalentTo(new { TokenRequests = rounds, Reuses = 0, FamiliesRevoked = 0 });
    }

    private static Task<CodexLogin> StartAsync()
    {
        Assert.SkipWhen(Codex is null, "Needs the codex CLI in 'TOKENREFRESH_CODEX'; run tests/codex, which installs it.");
        return CodexLogin.StartAsync();
    }
}
