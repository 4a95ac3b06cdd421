using System.Text;
using FluentAssertions;
using TokenRefresh.Stores;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;
using TokenRefresh.Tests.Refresh;

namespace TokenRefresh.Tests.Credentials;

/// <summary>The save step by step, with a file system that is watched, interrupted, or refuses.</summary>
public sealed class SaveStepsTests
{
    private readonly FileOperationsSpy _files = new();
    private readonly ManualTimeProvider _time = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    [FailureMode("F40")]
    public async Task The_tokens_are_written_flushed_renamed_their_directory_flushed_and_read_back_in_this_order()
    {
        await using SharedLogin login = await StartAsync();
        using var store = login.CreateStore(_files, _time);

        await Create(login, store).GetAccessTokenAsync(Cancellation);

        _files.Calls.SkipWhile(c => c != "create").Where(c => c != "read" || _files.Calls.Contains("replace"))
            .Should().ContainInOrder("create", "temp.write", "temp.flush", "read", "replace", "flush directory", "read");
        _files.Calls.Should().NotContain("write in place");
        _files.Calls[^1].Should().Be("read");
        _files.Calls[^2].Should().Be("flush directory");
        _files.Calls[^3].Should().Be("replace");
        _files.Calls[^4].Should().Be("read", "the last look comes right before the rename");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [FailureMode("F35")]
    public async Task When_the_temp_file_cannot_be_created_nothing_is_sent(bool isDenied)
    {
        await using SharedLogin login = await StartAsync();
        using var store = login.CreateStore(_files, _time);
        byte[] before = await File.ReadAllBytesAsync(login.Path, Cancellation);
        _files.Before = operation =>
        {
            if (operation == "create")
            {
                throw isDenied ? new UnauthorizedAccessException("Access is denied.") : new IOException("No space left on device");
            }
        };
        CoordinatedTokenProvider provider = Create(login, store);

        Func<Task> act = async () => await provider.GetAccessTokenAsync(Cancellation);

        CredentialsFileException failure = (await act.Should().ThrowAsync<CredentialsFileException>()).Which;
        failure.Message.Should().Contain(login.Path).And.Contain("Nothing was sent").And.Contain(isDenied ? "denied" : "No space");
        login.Server.Books.TokenRequests.Should().Be(0);
        (await File.ReadAllBytesAsync(login.Path, Cancellation)).Should().Equal(before);

        _files.Before = null;
        login.Server.IsAccepted((await provider.GetAccessTokenAsync(Cancellation)).Value)
            .Should().BeTrue("the refresh token was not touched");
    }

    [Fact]
    [FailureMode("F44")]
    public async Task What_another_program_writes_between_the_merge_and_the_rename_survives()
    {
        await using SharedLogin login = await StartAsync();
        using var store = login.CreateStore(_files, _time);
        OnFirst("temp.flush", () =>
        {
            string text = File.ReadAllText(login.Path);
            File.WriteAllText(
                login.Path,
                text.Replace("\"mcpOAuth\": {", "\"mcpOAuth\": { \"added\": {\"accessToken\": \"late\"},", StringComparison.Ordinal));
        });

        AccessToken token = await Create(login, store).GetAccessTokenAsync(Cancellation);

        string after = await File.ReadAllTextAsync(login.Path, Cancellation);
        after.Should().Contain(token.Value).And.Contain("\"added\": {\"accessToken\": \"late\"}").And.Contain("server|1");
        login.Server.Books.TokenRequests.Should().Be(1);
    }

    [Fact]
    [FailureMode("F44", "F80")]
    public async Task Another_login_that_is_written_between_the_merge_and_the_rename_wins()
    {
        await using SharedLogin login = await StartAsync();
        using var store = login.CreateStore(_files, _time);
        var dropped = new TaskCompletionSource<TokensDiscardedEvent>();
        OnFirst("temp.flush", () => login.Store(login.Server.IssueLogin()));
        CoordinatedTokenProvider provider = Create(login, store, o => o.Events.TokensDiscarded = e =>
        {
            dropped.SetResult(e);
            return default;
        });

        AccessToken token = await provider.GetAccessTokenAsync(Cancellation);

        token.Value.Should().Be(login.Login.AccessToken);
        (await File.ReadAllTextAsync(login.Path, Cancellation)).Should().Contain(login.Login.RefreshToken);
        (await dropped.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancellation)).Reason.Should().Be(TokensDiscardedReason.Replaced);
    }

    [Fact]
    [FailureMode("F45")]
    public async Task A_file_that_is_torn_for_a_moment_is_read_again()
    {
        await using SharedLogin login = await StartAsync();
        using var store = login.CreateStore(_files, _time);
        var reads = 0;
        _files.ReadAs = bytes => ++reads <= 3 ? bytes![..(bytes!.Length / 2)] : bytes;

        Task<AccessToken> call = Create(login, store).GetAccessTokenAsync(Cancellation).AsTask();
        await _time.AdvanceThroughShortPausesAsync(call, TimeSpan.FromMilliseconds(20));

        login.Server.IsAccepted((await call).Value).Should().BeTrue();
        login.Server.Books.TokenRequests.Should().Be(1);
    }

    [Fact]
    [FailureMode("F45")]
    public async Task A_file_that_stays_unreadable_when_the_tokens_come_is_left_alone_and_they_are_served_from_memory()
    {
        await using SharedLogin login = await StartAsync();
        using var store = login.CreateStore(_files, _time);
        CoordinatedTokenProvider provider = Create(login, store);

        using ParkedExchange<AccessToken> parked = await login.ParkAsync(provider, ParkPoint.AfterProcessing);
        string whole = await File.ReadAllTextAsync(login.Path, Cancellation);
        await File.WriteAllTextAsync(login.Path, "{ \"claudeAiOauth\": {", Cancellation);
        parked.Release();
        await _time.WaitForTimerDueInAsync(TimeSpan.FromMilliseconds(20));
        await _time.AdvanceThroughShortPausesAsync(parked.Caller, TimeSpan.FromMilliseconds(100));

        login.Server.IsAccepted((await parked.Caller).Value).Should().BeTrue();
        (await File.ReadAllTextAsync(login.Path, Cancellation)).Should().Be("{ \"claudeAiOauth\": {");

        await File.WriteAllTextAsync(login.Path, whole, Cancellation);
        await provider.DisposeAsync();
        (await File.ReadAllTextAsync(login.Path, Cancellation))
            .Should().Contain((await parked.Caller).Value, "once the file is whole again the pair is saved");
    }

    [Fact]
    [FailureMode("F40")]
    public async Task A_rename_whose_directory_could_not_be_flushed_is_flushed_again_before_the_tokens_count_as_saved()
    {
        await using SharedLogin login = await StartAsync();
        var failures = 2;
        _files.Before = operation =>
        {
            if (operation == "flush directory" && failures-- > 0)
            {
                throw new IOException("Input/output error");
            }
        };
        using FileCredentialsStore store = login.CreateStore(_files, _time);
        CoordinatedTokenProvider provider = Create(login, store);
        AccessToken token = await provider.GetAccessTokenAsync(Cancellation);

        await provider.DisposeAsync();

        _files.Calls.Count(c => c == "flush directory").Should().Be(2, "one fails after the rename, and one at disposal");
        failures.Should().Be(0);
        (await File.ReadAllTextAsync(login.Path, Cancellation)).Should().Contain(token.Value);
    }

    [Fact]
    [FailureMode("F47")]
    public async Task Where_a_rename_can_never_work_the_file_is_overwritten_in_one_padded_write()
    {
        await using SharedLogin login = await StartAsync();
        string longer = (await File.ReadAllTextAsync(login.Path, Cancellation))
            .Replace("\"scopes\"", "\"refreshTokenExpiresAt\": 1787613382524, \"scopes\"", StringComparison.Ordinal);
        await File.WriteAllTextAsync(login.Path, longer, Cancellation);
        using var store = login.CreateStore(_files, _time);
        _files.MountPoint = true;

        AccessToken token = await Create(login, store).GetAccessTokenAsync(Cancellation);

        string after = await File.ReadAllTextAsync(login.Path, Cancellation);
        after.Should().HaveLength(longer.Length, "a shorter file could be read torn")
            .And.Contain(token.Value)
            .And.EndWith(" ")
            .And.NotContain("refreshTokenExpiresAt");
        _files.Calls.Should().ContainInOrder("ensure writable", "create", "temp.flush", "flush directory", "write in place")
            .And.ContainSingle(c => c == "write in place").And.NotContain("replace", "a mount point is known before");
        _files.TempPaths.Should().OnlyContain(path => !File.Exists(path));
        (await login.CreateProvider(services: new() { TimeProvider = _time }).GetAccessTokenAsync(Cancellation)).Value
            .Should().Be(token.Value);
    }

    [Fact]
    [FailureMode("F47")]
    public async Task Of_a_mounted_file_only_what_two_reads_agree_on_counts()
    {
        await using SharedLogin login = await StartAsync();
        using var store = login.CreateStore(_files, _time);
        _files.MountPoint = true;
        byte[] torn = Encoding.UTF8.GetBytes("""{"claudeAiOauth":{"accessToken":"half an old token","refreshToken":"half a new one"}}""");
        var reads = 0;
        _files.ReadAs = bytes => ++reads == 1 ? torn : bytes;

        OAuthCredentials? stored = await store.ReadAsync(Cancellation);

        stored!.RefreshToken.Should().Be(login.Login.RefreshToken);
        reads.Should().Be(3, "the torn one, and two that agree");
    }

    [Fact]
    [FailureMode("F48", "F34")]
    public async Task Tokens_that_cannot_replace_the_file_are_served_from_memory_announced_and_saved_later()
    {
        await using SharedLogin login = await StartAsync();
        byte[] before = await File.ReadAllBytesAsync(login.Path, Cancellation);
        using var store = login.CreateStore(_files, _time);
        var failed = new TaskCompletionSource<SaveFailedEvent>();
        var saved = new TaskCompletionSource();
        var isBlocked = true;
        _files.Before = operation =>
        {
            if (operation == "replace" && isBlocked)
            {
                throw new IOException("The file is in use by another process.");
            }

            if (operation == "flush directory")
            {
                saved.TrySetResult();
            }
        };
        CoordinatedTokenProvider provider = Create(login, store, o => o.Events.SaveFailed = e =>
        {
            failed.TrySetResult(e);
            return default;
        });

        AccessToken token = await provider.GetAccessTokenAsync(Cancellation);

        SaveFailedEvent announced = await failed.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
        announced.Location.Should().Be(login.Path);
        announced.Exception.Should().BeOfType<CredentialsSaveException>().Which.Message.Should().Contain(login.Path).And.Contain("in use");
        login.Server.IsAccepted(token.Value).Should().BeTrue();
        (await provider.GetAccessTokenAsync(Cancellation)).Should().BeSameAs(token);
        (await File.ReadAllBytesAsync(login.Path, Cancellation)).Should().Equal(before);

        isBlocked = false;
        await _time.WaitForTimerDueInAsync(TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromSeconds(1));
        await saved.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
        await provider.DisposeAsync();
        (await File.ReadAllTextAsync(login.Path, Cancellation)).Should().Contain(token.Value);
        login.Server.Books.TokenRequests.Should().Be(1);
        login.Server.Books.Reuses.Should().Be(0);
    }

    [Fact]
    [FailureMode("F48")]
    public async Task A_reader_that_shares_no_deletion_delays_the_save_and_loses_nothing()
    {
        Assert.SkipUnless(
            OperatingSystem.IsWindows(),
            "Only Windows refuses to replace a file that a reader has open without FileShare.Delete; "
            + "run the tests there, or through the documented Windows script.");
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        CoordinatedTokenProvider provider = login.CreateProvider();
        var foreign = new FileStream(login.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);

        using ParkedExchange<AccessToken> parked = await login.ParkAsync(provider);
        parked.Release();
        await login.Server.WaitForTokenRequestsAsync(1);
        await foreign.DisposeAsync();
        AccessToken token = await parked.Caller;

        (await File.ReadAllTextAsync(login.Path, Cancellation)).Should().Contain(token.Value);
    }

    private Task<SharedLogin> StartAsync() => SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _time });

    private CoordinatedTokenProvider Create(SharedLogin login, FileCredentialsStore store, Action<TokenRefreshOptions>? configure = null) =>
        login.CreateProvider(configure, new() { CredentialsStore = store, TimeProvider = _time });

    private void OnFirst(string operation, Action act)
    {
        var isDone = false;
        _files.Before = called =>
        {
            if (called == operation && !isDone)
            {
                isDone = true;
                act();
            }
        };
    }
}
