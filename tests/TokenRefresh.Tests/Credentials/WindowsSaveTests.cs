using FluentAssertions;
using TokenRefresh.Stores;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;
using TokenRefresh.Tests.Refresh;

namespace TokenRefresh.Tests.Credentials;

/// <summary>What only Windows does to a save, at the seam of the file system and by the codes that it documents.</summary>
public sealed class WindowsSaveTests
{
    private readonly FileOperationsSpy _files = new();
    private readonly ManualTimeProvider _time = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(32)]
    [InlineData(33)]
    [InlineData(1175)]
    [InlineData(1176)]
    [InlineData(1177)]
    [InlineData(1224)]
    [FailureMode("F48", "F136")]
    public async Task A_file_that_another_program_has_open_is_replaced_once_it_lets_go(int code)
    {
        await using SharedLogin login = await StartAsync();
        using FileCredentialsStore store = login.CreateStore(_files, _time);
        var failures = 5;
        OnReplace(() =>
        {
            if (failures-- > 0)
            {
                throw WindowsError.Of(code);
            }
        });

        AccessToken token = await GetAsync(Create(login, store));

        (await File.ReadAllTextAsync(login.Path, Cancellation)).Should().Contain(token.Value);
        login.Books.Should().BeEquivalentTo(new { TokenRequests = 1, Reuses = 0 });
        login.TempFiles.Should().BeEmpty();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [FailureMode("F133", "F80")]
    public async Task A_login_that_comes_between_two_tries_of_a_save_is_not_overwritten(int before)
    {
        await using SharedLogin login = await StartAsync();
        using FileCredentialsStore store = login.CreateStore(_files, _time);
        var tries = 0;
        OnReplace(() =>
        {
            if (++tries == before)
            {
                login.StoreValid();
            }

            throw WindowsError.Of(32);
        });

        AccessToken token = await GetAsync(Create(login, store));

        tries.Should().Be(before, "the next try would have overwritten it");
        token.Value.Should().Be(login.Login.AccessToken);
        (await File.ReadAllTextAsync(login.Path, Cancellation)).Should().Contain(login.Login.RefreshToken);
        login.TempFiles.Should().BeEmpty();
    }

    [Theory]
    [InlineData(1176, 1)]
    [InlineData(1177, 1)]
    [InlineData(1176, 3)]
    [InlineData(32, 3)]
    [FailureMode("F137")]
    public async Task A_replacement_that_fails_with_the_old_file_gone_is_finished_from_the_temp_file(int code, int failures)
    {
        await using SharedLogin login = await StartAsync();
        using FileCredentialsStore store = login.CreateStore(_files, _time);
        var tries = 0;
        var copies = new List<bool>();
        OnReplace(() =>
        {
            copies.Add(File.Exists(login.Path) || login.TempFiles.Any(HoldsTokens));
            if (tries++ < failures)
            {
                File.Delete(login.Path);
                throw WindowsError.Of(code);
            }
        });

        AccessToken token = await GetAsync(Create(login, store));

        copies.Should().HaveCount(failures + 1).And.NotContain(false, "there was a copy of the login at every try");
        string after = await File.ReadAllTextAsync(login.Path, Cancellation);
        after.Should().Contain(token.Value).And.Contain("server|1", "what else the file held is there too");
        login.Books.Should().BeEquivalentTo(new { TokenRequests = 1, Reuses = 0 });
        login.TempFiles.Should().BeEmpty();
    }

    [Fact]
    [FailureMode("F137")]
    public async Task The_only_copy_of_a_login_is_never_deleted()
    {
        await using SharedLogin login = await StartAsync();
        using FileCredentialsStore store = login.CreateStore(_files, _time);
        OnReplace(() =>
        {
            File.Delete(login.Path);
            throw WindowsError.Of(1176);
        });
        await using ICredentialsLease lease = (await store.AcquireLeaseAsync(TimeSpan.Zero, Cancellation))!;
        OAuthCredentials? stored = await lease.ReadAsync(Cancellation);
        await lease.PrepareAsync(Cancellation);

        Task commit = lease.CommitAsync(stored, new OAuthCredentials("a2", "r2"), Cancellation).AsTask();
        Func<Task> act = () => _time.AdvanceThroughShortPausesAsync(commit, TimeSpan.FromMilliseconds(20));
        await act.Should().ThrowAsync<CredentialsSaveException>();
        await lease.DisposeAsync();

        string temp = login.TempFiles.Should().ContainSingle().Subject;
        (await File.ReadAllTextAsync(temp, Cancellation)).Should().Contain("\"r2\"").And.Contain("server|1");
    }

    [Fact]
    [FailureMode("F137", "F133")]
    public async Task A_login_that_is_stored_where_a_replacement_left_no_file_wins()
    {
        await using SharedLogin login = await StartAsync();
        using FileCredentialsStore store = login.CreateStore(_files, _time);
        var tries = 0;
        OnReplace(() =>
        {
            File.Delete(login.Path);
            if (++tries == 2)
            {
                login.StoreValid();
            }

            throw WindowsError.Of(1176);
        });

        AccessToken token = await GetAsync(Create(login, store));

        tries.Should().Be(2);
        token.Value.Should().Be(login.Login.AccessToken);
        (await File.ReadAllTextAsync(login.Path, Cancellation)).Should().Contain(login.Login.RefreshToken);
        login.TempFiles.Should().BeEmpty();
    }

    [Fact]
    [FailureMode("F138")]
    public async Task The_temp_file_has_the_access_rights_of_the_credentials_before_a_token_is_written()
    {
        await using SharedLogin login = await StartAsync();
        using FileCredentialsStore store = login.CreateStore(_files, _time);

        await GetAsync(Create(login, store));

        _files.Calls.Should().ContainInOrder("create", "temp.inherit", "temp.write");
        _files.Calls.TakeWhile(call => call != "temp.inherit").Should().NotContain("temp.write");
    }

    [Fact]
    [FailureMode("F138")]
    public async Task Credentials_whose_access_rights_cannot_be_kept_are_refused_before_anything_is_sent()
    {
        await using SharedLogin login = await StartAsync();
        using FileCredentialsStore store = login.CreateStore(_files, _time);
        _files.CannotInherit = "Its access control list cannot be kept.";

        Func<Task> act = () => Create(login, store).GetAccessTokenAsync(Cancellation).AsTask();

        (await act.Should().ThrowAsync<CredentialsFileException>()).Which.Message
            .Should().Contain(_files.CannotInherit).And.Contain("Nothing was sent");
        login.Books.TokenRequests.Should().Be(0);
        login.TempFiles.Should().BeEmpty();
    }

    [Fact]
    [FailureMode("F134")]
    public async Task Left_over_temp_files_that_stay_are_named_in_the_log_and_hinder_no_refresh()
    {
        await using SharedLogin login = await StartAsync();
        string stays = $"{login.Path}.1.{new string('a', 32)}.tokenrefresh.tmp";
        string goes = $"{login.Path}.2.{new string('b', 32)}.tokenrefresh.tmp";
        await File.WriteAllTextAsync(stays, "{}", Cancellation);
        await File.WriteAllTextAsync(goes, "{}", Cancellation);
        _files.CannotDelete = stays;
        using var log = new LogCollector();
        using FileCredentialsStore store = login.CreateStore(_files, _time, logger: log.CreateLogger("TokenRefresh"));

        await GetAsync(Create(login, store));

        log.CountOf(TokenRefreshEventIds.LeftOverStays).Should().Be(1);
        log.Text.Should().Contain(stays).And.NotContain(goes);
        login.TempFiles.Should().Equal(stays);
    }

    private static bool HoldsTokens(string path) => File.ReadAllText(path).Contains("refreshToken", StringComparison.Ordinal);

    private Task<SharedLogin> StartAsync() => SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _time });

    private CoordinatedTokenProvider Create(SharedLogin login, FileCredentialsStore store) =>
        login.CreateProvider(services: new() { CredentialsStore = store, TimeProvider = _time });

    private async Task<AccessToken> GetAsync(CoordinatedTokenProvider provider)
    {
        Task<AccessToken> call = provider.GetAccessTokenAsync(Cancellation).AsTask();
        await _time.AdvanceThroughShortPausesAsync(call, TimeSpan.FromMilliseconds(20));
        return await call;
    }

    private void OnReplace(Action act) => _files.Before = operation =>
    {
        if (operation == "replace")
        {
            act();
        }
    };
}
