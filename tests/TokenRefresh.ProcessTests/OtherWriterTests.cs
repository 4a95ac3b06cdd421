using System.Runtime.Versioning;
using FluentAssertions;
using TokenRefresh.TestKit;

namespace TokenRefresh.ProcessTests;

/// <summary>Programs that know nothing of the lock and write the credentials while a refresh waits for its answer.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class OtherWriterTests
{
    private const string NeedsShellTools = "rm(1), cp(1) and sed(1) are not there on Windows.";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    [FailureMode("F80", "F44")]
    public async Task A_file_that_another_program_deletes_stays_deleted()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), NeedsShellTools);
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        await using ChildProcess child = await ChildProcess.StartAsync(TestProgram.Path);
        await child.RunAsync(login.CreateCommand());

        string reply = await DuringAsync(login, child, "get 4", () => OtherPrograms.RunAsync("rm", login.Path));

        reply.Should().StartWith("fingerprints=- distinct=0 failures=4 failure=SignInRequiredException");
        File.Exists(login.Path).Should().BeFalse("no one resurrects what a user has ended");
        (await child.RunAsync("status")).Should().Contain("state=SignedOut");
        login.Books.Should().BeEquivalentTo(new { Grants = 1, Reuses = 0 });
    }

    [Fact]
    [FailureMode("F80", "F44")]
    public async Task A_login_that_another_program_copies_into_the_file_wins()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), NeedsShellTools);
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        using var elsewhere = new TempDirectory();
        string copy = Path.Combine(elsewhere.Path, "another login");
        OAuthCredentials other = login.Store(login.Server.IssueLogin().Credentials, copy);
        await using ChildProcess child = await ChildProcess.StartAsync(TestProgram.Path);
        await child.RunAsync(login.CreateCommand());

        string reply = await DuringAsync(login, child, "get 4", () => OtherPrograms.RunAsync("cp", copy, login.Path));

        reply.Should().Be(Replies.OneToken(other.AccessToken));
        (await File.ReadAllBytesAsync(login.Path, Cancellation)).Should().Equal(await File.ReadAllBytesAsync(copy, Cancellation));
        login.Books.Should().BeEquivalentTo(new { Grants = 1, Reuses = 0 });
    }

    [Fact]
    [FailureMode("F44", "F43")]
    public async Task What_another_program_changes_beside_the_login_survives_the_save()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), NeedsShellTools);
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        await using ChildProcess child = await ChildProcess.StartAsync(TestProgram.Path);
        await child.RunAsync(login.CreateCommand());

        string reply = await DuringAsync(
            login,
            child,
            "get 4",
            () => OtherPrograms.RunAsync("sed", "-i", "s/server|1/server|2/; s/\"max\"/\"pro\"/", login.Path));

        string after = await File.ReadAllTextAsync(login.Path, Cancellation);
        after.Should().Contain("server|2").And.Contain("\"pro\"").And.NotContain("server|1");
        reply.Should().EndWith("distinct=1 failures=0");
        (await AnotherGetsAsync(login)).Should().Be(reply);
        login.Books.Should().BeEquivalentTo(new { Grants = 1, Reuses = 0 });
    }

    [Fact]
    [FailureMode("F87", "F44")]
    public async Task An_older_file_that_another_program_puts_back_is_saved_over_and_its_token_never_sent()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), NeedsShellTools);
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        using var elsewhere = new TempDirectory();
        string older = Path.Combine(elsewhere.Path, "older");
        File.Copy(login.Path, older);
        await using ChildProcess child = await ChildProcess.StartAsync(TestProgram.Path);
        await child.RunAsync(login.CreateCommand());
        await child.RunAsync("get");

        string reply = await DuringAsync(login, child, "refresh last 4", () => OtherPrograms.RunAsync("cp", older, login.Path));

        reply.Should().EndWith("distinct=1 failures=0");
        (await AnotherGetsAsync(login)).Should().Be(reply);
        login.Books.Should().BeEquivalentTo(new { TokenRequests = 2, Grants = 2, Reuses = 0 });
    }

    [Fact]
    [FailureMode("F87")]
    public async Task An_older_file_put_back_after_the_save_is_neither_used_nor_sent_by_a_process_that_does_not_know_its_successor()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), NeedsShellTools);
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        using var elsewhere = new TempDirectory();
        string older = Path.Combine(elsewhere.Path, "older");
        File.Copy(login.Path, older);
        await using ChildProcessGroup group = await ChildProcessGroup.StartAsync(2, TestProgram.Path);
        (ChildProcess first, ChildProcess second) = (group.Children[0], group.Children[1]);
        await group.RunAsync(login.CreateCommand());
        string refreshed = await first.RunAsync("get");
        await OtherPrograms.RunAsync("cp", older, login.Path);

        string refused = await second.RunAsync("get 4");
        string again = await first.RunAsync("refresh last");

        refused.Should().Contain("failures=4 failure=SignInRequiredException")
            .And.Contain($"'{login.Path}'")
            .And.Contain("older file came back");
        again.Should().EndWith("distinct=1 failures=0").And.NotBe(refreshed);
        (await second.RunAsync("get 4")).Should().Be(again, "the process that has the successor saved it again");
        login.Books.Should().BeEquivalentTo(new { TokenRequests = 2, Grants = 2, Reuses = 0 });
    }

    /// <summary>Runs a command that refreshes, and another program while the server holds the answer.</summary>
    private static async Task<string> DuringAsync(SharedLogin login, ChildProcess child, string command, Func<Task> interfereAsync)
    {
        using ParkedExchange<string> parked = await login.ParkAsync(child, command, ParkPoint.AfterProcessing);
        await interfereAsync();
        return await parked.FinishAsync();
    }

    private static async Task<string> AnotherGetsAsync(SharedLogin login)
    {
        await using ChildProcess another = await ChildProcess.StartAsync(TestProgram.Path);
        await another.RunAsync(login.CreateCommand());
        return await another.RunAsync("get");
    }
}
