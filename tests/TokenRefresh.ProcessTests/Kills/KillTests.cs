using System.Runtime.Versioning;
using System.Text;
using System.Text.Json;
using FluentAssertions;
using TokenRefresh.TestKit;

namespace TokenRefresh.ProcessTests.Kills;

/// <summary>
/// A process is killed (SIGKILL) at every checkpoint of its refresh; the next one goes on without a human, and no login is lost but the one
/// whose successor only the killed process had.
/// </summary>
[UnsupportedOSPlatform("windows")]
public sealed class KillTests(NextProcess nextProcess) : IClassFixture<NextProcess>
{
    // Far beyond what a kill, a hand-over of the lock and a request take, far below any time-out of the library here.
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(15);
    private static readonly bool[] Either = [false, true];
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Every moment, a server with and without a reuse window, and a next process that waits for the lock already or comes later. Once the
    /// pair is in the file, no one waits.
    /// </summary>
    public static TheoryData<string, bool, bool> Kills() =>
    [
        .. from moment in Moment.All
           from hasReuseWindow in Either
           from isAwaited in Either
           where !isAwaited || !Moment.IsSaved(moment)
           select new TheoryDataRow<string, bool, bool>(moment, hasReuseWindow, isAwaited),
    ];

    [Theory]
    [MemberData(nameof(Kills))]
    [FailureMode("F18", "F37", "F39", "F52", "F88")]
    public async Task The_next_process_goes_on_where_a_killed_one_ended(string moment, bool hasReuseWindow, bool isAwaited)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no SIGKILL.");
        await using SharedLogin login = await SharedLogin.StartExpiredAsync(
            new LoopbackAuthorizationServerOptions { RefreshTokenReuseWindow = hasReuseWindow ? Window : TimeSpan.Zero });
        await using ChildProcess killed = await ChildProcess.StartAsync(TestProgram.Path);
        string settings = $"lock-timeout=600000 reuse-window={(hasReuseWindow ? Window.TotalMilliseconds : 0)}";
        await using NextProvider next = await nextProcess.CreateAsync(login, settings);
        using ParkedRefresh refresh = await ParkedRefresh.StartAsync(killed, login, moment, settings);
        Task<string>? get = null;
        if (isAwaited)
        {
            get = await next.StartCommandAsync("get 4");
            await nextProcess.Child.WaitUntilItAwaitsTheLockAsync();
        }

        await refresh.KillAsync();

        StoredAccessToken(login).Should().NotBeEmpty("the file is whole at any moment");
        if (get is null)
        {
            login.TempFiles.Select(File.GetUnixFileMode).Should().AllBeEquivalentTo(UnixFileMode.UserRead | UnixFileMode.UserWrite);
            (await next.RunAsync("status")).Should().StartWith($"state={StateAfter(moment)} holder=- ", "who looks is told what is known");
        }

        get ??= await next.StartCommandAsync("get 4");
        string reply = await get.WaitAsync(Soon, TimeProvider.System, TestContext.Current.CancellationToken);
        login.TempFiles.Should().BeEmpty("the next exchange sweeps what the killed one left");
        if (Moment.IsAnswerLost(moment) && !hasReuseWindow)
        {
            await ShouldSaySoAndTakeTheNextLoginAsync(login, next, reply);
        }
        else
        {
            await ShouldHaveTheLoginAsync(login, next, reply, moment);
        }

        SecretSearch.CountLeaks(Everything(login, killed), login.Server.IssuedTokens).Should().Be(0);
    }

    [Fact]
    [FailureMode("F52")]
    public async Task With_a_valid_token_in_the_file_the_next_process_serves_it_and_leaves_the_unknown_outcome_alone()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no SIGKILL.");
        await using SharedLogin login = await SharedLogin.StartAsync();
        await using ChildProcess killed = await ChildProcess.StartAsync(TestProgram.Path);
        string valid = Replies.OneToken(StoredAccessToken(login));
        await using NextProvider next = await nextProcess.CreateAsync(login);
        using ParkedRefresh refresh = await ParkedRefresh.StartAsync(killed, login, Moment.Answered, "", isRejection: true);

        await refresh.KillAsync();

        (await next.RunAsync("get 4")).Should().Be(valid);
        login.Books.Should().BeEquivalentTo(
            new { TokenRequests = 1, Reuses = 0 },
            "a token that may have been used is not presented while there is something to lose");
    }

    private static string StateAfter(string moment) =>
        Moment.IsSaved(moment) ? nameof(TokenRefreshState.SignedIn)
        : Moment.IsOutcomeUnknown(moment) ? nameof(TokenRefreshState.OutcomeUnknown)
        : nameof(TokenRefreshState.ExpiredButRefreshable);

    private static async Task ShouldHaveTheLoginAsync(SharedLogin login, NextProvider next, string reply, string moment)
    {
        string stored = StoredAccessToken(login);
        reply.Should().Be(Replies.OneToken(stored));
        login.Server.IsAccepted(stored).Should().BeTrue();
        bool isRepeated = Moment.IsAfterSending(moment) && !Moment.IsSaved(moment);
        int replays = Moment.IsAnswerLost(moment) ? 1 : 0;
        login.Books.Should().BeEquivalentTo(
            new { TokenRequests = isRepeated ? 2 : 1, Grants = 1 + replays, Replays = replays, Reuses = 0, FamiliesRevoked = 0 });

        (await next.RunAsync("refresh last")).Should().Be(Replies.OneToken(StoredAccessToken(login))).And.NotBe(reply);
        login.Books.Should().BeEquivalentTo(
            new { Grants = 2 + replays, Reuses = 0, FamiliesRevoked = 0 },
            "the refresh token beside it is alive too");
    }

    private static async Task ShouldSaySoAndTakeTheNextLoginAsync(SharedLogin login, NextProvider next, string reply)
    {
        reply.Should().StartWith("fingerprints=- distinct=0 failures=4 failure=SignInRequiredException ")
            .And.Contain($"'{login.Path}', after an earlier refresh whose answer was lost");
        (await next.RunAsync("get 4")).Should().Be(reply);
        login.Books.Should().BeEquivalentTo(new { TokenRequests = 2, Grants = 1, Reuses = 1 }, "a rejected token is presented once");

        OAuthCredentials signIn = login.StoreExpired();
        (await next.RunAsync("get 4")).Should().Be(Replies.OneToken(StoredAccessToken(login)))
            .And.NotBe(Replies.OneToken(signIn.AccessToken));
    }

    private static string StoredAccessToken(SharedLogin login)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(login.Path));
        document.RootElement.GetProperty("mcpOAuth").EnumerateObject().Should().ContainSingle();
        return document.RootElement.GetProperty("claudeAiOauth").GetProperty("accessToken").GetString()!;
    }

    // The credentials file aside, which is there to hold them.
    private string Everything(SharedLogin login, ChildProcess killed) => string.Join(
        '\n',
        [
            killed.Output,
            killed.Error,
            nextProcess.Child.Output,
            nextProcess.Child.Error,
            .. Directory.EnumerateFileSystemEntries(login.Directory.Path),
            Encoding.Latin1.GetString(File.ReadAllBytes(login.LockPath)),
        ]);
}
