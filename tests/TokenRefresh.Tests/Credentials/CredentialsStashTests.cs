using FluentAssertions;
using TokenRefresh.Stores;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Refresh;

namespace TokenRefresh.Tests.Credentials;

/// <summary>A pair that may not take its predecessor's place waits beside it, for every process and across the death of the one that obtained it.</summary>
public sealed class CredentialsStashTests
{
    private readonly FileOperationsSpy _files = new();
    private readonly ManualTimeProvider _time = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    [FailureMode("F34", "F49")]
    public async Task A_pair_that_may_not_replace_the_stored_one_is_kept_beside_it_and_used_by_the_next_process()
    {
        await using SharedLogin login = await StartAsync();
        byte[] before = await File.ReadAllBytesAsync(login.Path, Cancellation);
        using FileCredentialsStore refused = CreateRefused(login);

        AccessToken token = await Create(login, refused).GetAccessTokenAsync(Cancellation);
        AccessToken adopted = await CreateFree(login).GetAccessTokenAsync(Cancellation);

        adopted.Value.Should().Be(token.Value);
        login.Server.Books.TokenRequests.Should().Be(1);
        (await File.ReadAllBytesAsync(login.Path, Cancellation)).Should().Equal(before, "a look alone changes nothing");
        string stash = Stashes(login).Should().ContainSingle().Subject;
        Path.GetFileName(stash).Should().MatchRegex(@"^\.credentials\.json\.[0-9a-f]{32}\.tokenrefresh\.stash$");
        if (!OperatingSystem.IsWindows())
        {
            File.GetUnixFileMode(stash).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }

    [Fact]
    [FailureMode("F34")]
    public async Task The_next_holder_of_the_lease_puts_the_stashed_pair_into_the_file_and_removes_the_stash()
    {
        await using SharedLogin login = await StartAsync();
        using FileCredentialsStore refused = CreateRefused(login);
        AccessToken token = await Create(login, refused).GetAccessTokenAsync(Cancellation);

        AccessToken next = await CreateFree(login).RefreshAccessTokenAsync(token, Cancellation);

        login.Server.IsAccepted(next.Value).Should().BeTrue();
        Stashes(login).Should().BeEmpty();
        (await File.ReadAllTextAsync(login.Path, Cancellation)).Should().Contain(next.Value).And.Contain("server|1");
        login.Server.Books.TokenRequests.Should().Be(2);
        login.Server.Books.Reuses.Should().Be(0);
    }

    [Fact]
    [FailureMode("F34")]
    public async Task A_login_whose_file_can_never_be_replaced_lives_on_in_the_stash()
    {
        await using SharedLogin login = await StartAsync();
        using FileCredentialsStore firstStore = CreateRefused(login);
        using FileCredentialsStore secondStore = CreateRefused(login);
        CoordinatedTokenProvider first = Create(login, firstStore);
        CoordinatedTokenProvider second = Create(login, secondStore);

        AccessToken one = await first.GetAccessTokenAsync(Cancellation);
        AccessToken two = await second.RefreshAccessTokenAsync(one, Cancellation);
        AccessToken adopted = await first.RefreshAccessTokenAsync(one, Cancellation);
        _time.Advance(TimeSpan.FromMinutes(1));
        AccessToken three = await first.RefreshAccessTokenAsync(two, Cancellation);

        adopted.Value.Should().Be(two.Value);
        login.Server.IsAccepted(three.Value).Should().BeTrue();
        login.Server.Books.TokenRequests.Should().Be(3);
        login.Server.Books.Reuses.Should().Be(0);
        Stashes(login).Should().ContainSingle();
        (await CreateFree(login).GetAccessTokenAsync(Cancellation)).Value.Should().Be(three.Value);
    }

    [Fact]
    [FailureMode("F34")]
    public async Task The_process_that_obtained_a_stashed_pair_saves_it_as_soon_as_it_may()
    {
        await using SharedLogin login = await StartAsync();
        var isRefused = true;
        _files.RefuseToReplace = path => isRefused && path == login.Path ? new UnauthorizedAccessException("Operation not permitted") : null;
        using FileCredentialsStore store = login.CreateStore(_files, _time);
        CoordinatedTokenProvider provider = Create(login, store);
        AccessToken token = await provider.GetAccessTokenAsync(Cancellation);

        isRefused = false;
        await provider.DisposeAsync();

        (await File.ReadAllTextAsync(login.Path, Cancellation)).Should().Contain(token.Value);
        Stashes(login).Should().BeEmpty();
        login.Server.Books.TokenRequests.Should().Be(1);
    }

    [Fact]
    [FailureMode("F80")]
    public async Task A_sign_out_removes_the_stash()
    {
        await using SharedLogin login = await StartAsync();
        using FileCredentialsStore refused = CreateRefused(login);
        await Create(login, refused).GetAccessTokenAsync(Cancellation);

        await CreateFree(login).RemoveAsync(Cancellation);

        Stashes(login).Should().BeEmpty();
        (await File.ReadAllTextAsync(login.Path, Cancellation)).Should().NotContain("claudeAiOauth").And.Contain("server|1");
    }

    [Fact]
    [FailureMode("F80")]
    public async Task A_sign_out_after_the_file_was_deleted_removes_the_stash_too()
    {
        await using SharedLogin login = await StartAsync();
        using FileCredentialsStore refused = CreateRefused(login);
        await Create(login, refused).GetAccessTokenAsync(Cancellation);
        File.Delete(login.Path);

        await CreateFree(login).RemoveAsync(Cancellation);

        Stashes(login).Should().BeEmpty();
        File.Exists(login.Path).Should().BeFalse();
    }

    [Fact]
    [FailureMode("F80")]
    public async Task A_stash_means_nothing_beside_another_login_and_is_removed_at_its_next_refresh()
    {
        await using SharedLogin login = await StartAsync();
        using FileCredentialsStore refused = CreateRefused(login);
        CoordinatedTokenProvider provider = Create(login, refused);
        await provider.GetAccessTokenAsync(Cancellation);
        login.Store(login.Server.IssueLogin());

        AccessToken foreign = await CreateFree(login).GetAccessTokenAsync(Cancellation);
        AccessToken next = await CreateFree(login).RefreshAccessTokenAsync(foreign, Cancellation);

        foreign.Value.Should().Be(login.Login.AccessToken);
        login.Server.IsAccepted(next.Value).Should().BeTrue();
        Stashes(login).Should().BeEmpty();
    }

    [Fact]
    [FailureMode("F83")]
    public async Task A_sign_in_that_cannot_be_stored_leaves_no_stash()
    {
        await using SharedLogin login = await StartAsync();
        using FileCredentialsStore refused = CreateRefused(login);
        OAuthCredentials other = login.Server.IssueLogin().Credentials;

        Func<Task> act = () => Create(login, refused).StoreAsync(other, Cancellation);

        await act.Should().ThrowAsync<CredentialsSaveException>();
        Stashes(login).Should().BeEmpty();
    }

    [Fact]
    [FailureMode("F47")]
    public async Task A_write_in_place_is_preceded_by_a_flushed_stash_and_followed_by_its_removal()
    {
        await using SharedLogin login = await StartAsync();
        Mount(login);
        var stashedBefore = 0;
        _files.Before = operation => stashedBefore = operation == "write in place" ? Stashes(login).Length : stashedBefore;
        using FileCredentialsStore store = login.CreateStore(_files, _time);
        using var log = new LogSignals();
        CoordinatedTokenProvider provider = login.CreateProvider(services: new() { CredentialsStore = store, TimeProvider = _time, LoggerFactory = log });

        AccessToken token = await provider.GetAccessTokenAsync(Cancellation);
        _time.Advance(TimeSpan.FromMinutes(5));
        token = await provider.RefreshAccessTokenAsync(token, Cancellation);

        stashedBefore.Should().Be(1);
        log.CountOf(TokenRefreshEventIds.SavedInPlace).Should().Be(1, "once is enough");
        _files.Calls.Should().ContainInOrder("temp.flush", "replace", "replace", "flush directory", "write in place");
        Stashes(login).Should().BeEmpty();
        (await File.ReadAllTextAsync(login.Path, Cancellation)).Should().Contain(token.Value);
    }

    [Fact]
    [FailureMode("F47", "F38")]
    public async Task A_write_in_place_that_a_crash_interrupted_is_finished_by_the_next_holder_of_the_lease()
    {
        await using SharedLogin login = await StartAsync();
        Mount(login);
        _files.WriteInPlaceAs = (path, bytes) =>
        {
            File.WriteAllBytes(path, bytes[..(bytes.Length / 2)]);
            throw new IOException("Input/output error");
        };
        using FileCredentialsStore broken = login.CreateStore(_files, _time);
        AccessToken token = await Create(login, broken).GetAccessTokenAsync(Cancellation);
        _files.WriteInPlaceAs = null;
        using FileCredentialsStore mended = login.CreateStore(_files, _time);
        CoordinatedTokenProvider other = Create(login, mended);

        AccessToken adopted = await AfterReadingAgainAsync(1, other.GetAccessTokenAsync(Cancellation));
        AccessToken next = await AfterReadingAgainAsync(2, other.RefreshAccessTokenAsync(adopted, Cancellation));

        adopted.Value.Should().Be(token.Value);
        (await File.ReadAllTextAsync(login.Path, Cancellation)).Should().Contain(next.Value).And.Contain("server|1");
        Stashes(login).Should().BeEmpty();
        login.Server.Books.Reuses.Should().Be(0);
    }

    [Fact]
    [FailureMode("F47", "F83")]
    public async Task A_sign_in_whose_write_in_place_is_refused_leaves_no_stash()
    {
        await using SharedLogin login = await StartAsync();
        Mount(login);
        _files.WriteInPlaceAs = (_, _) => throw new IOException("Read-only file system");
        using FileCredentialsStore store = login.CreateStore(_files, _time);
        OAuthCredentials other = login.Server.IssueLogin().Credentials;

        Func<Task> act = () => Create(login, store).StoreAsync(other, Cancellation);

        await act.Should().ThrowAsync<CredentialsSaveException>();
        Stashes(login).Should().BeEmpty();
    }

    [Fact]
    [FailureMode("F40")]
    public async Task A_rename_whose_directory_could_not_be_flushed_is_flushed_again_before_the_pair_counts_as_saved()
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
        Stashes(login).Should().BeEmpty();
    }

    private static string[] Stashes(SharedLogin login) => Directory.GetFiles(login.Directory.Path, "*.tokenrefresh.stash");

    // What cannot be understood is read five times, with pauses, at each look.
    private async Task<AccessToken> AfterReadingAgainAsync(int looks, ValueTask<AccessToken> call)
    {
        var pause = TimeSpan.FromMilliseconds(20);
        for (var pauses = 0; pauses < looks * 4; pauses++)
        {
            await _time.WaitForTimerDueInAsync(pause);
            _time.Advance(pause);
        }

        return await call;
    }

    private Task<SharedLogin> StartAsync() => SharedLogin.StartExpiredAsync(new() { TimeProvider = _time });

    private FileCredentialsStore CreateRefused(SharedLogin login)
    {
        _files.RefuseToReplace = path => path == login.Path ? new UnauthorizedAccessException("Operation not permitted") : null;
        return login.CreateStore(_files, _time);
    }

    private void Mount(SharedLogin login)
    {
        _files.MountPoint = true;
        _files.RefuseToReplace = path => path == login.Path ? new CannotReplaceException("Device or resource busy") : null;
    }

    private CoordinatedTokenProvider Create(SharedLogin login, FileCredentialsStore store) =>
        login.CreateProvider(services: new() { CredentialsStore = store, TimeProvider = _time });

    private CoordinatedTokenProvider CreateFree(SharedLogin login) => login.CreateProvider(services: new() { TimeProvider = _time });
}
