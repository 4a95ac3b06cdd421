using FluentAssertions;
using TokenRefresh.Stores;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;
using TokenRefresh.Tests.Refresh;

namespace TokenRefresh.Tests.Credentials;

/// <summary>A single file that is mounted into a container: written in place, with the temp file as a backup.</summary>
public sealed class InPlaceTests
{
    private readonly FileOperationsSpy _files = new() { MountPoint = true, CannotReplace = true };
    private readonly ManualTimeProvider _time = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    [FailureMode("F47")]
    public async Task A_write_in_place_has_a_flushed_backup_beside_it_which_is_removed_after_the_read_back()
    {
        await using SharedLogin login = await StartAsync();
        string[] backups = [];
        _files.Before = operation => backups = operation == "write in place" ? TempFiles(login) : backups;
        using FileCredentialsStore store = login.CreateStore(_files, _time);
        using var log = new LogCollector();
        CoordinatedTokenProvider provider = login.CreateProvider(
            services: new() { CredentialsStore = store, TimeProvider = _time, LoggerFactory = log });

        AccessToken token = await provider.GetAccessTokenAsync(Cancellation);
        _time.Advance(TimeSpan.FromMinutes(5));
        token = await provider.RefreshAccessTokenAsync(token, Cancellation);

        backups.Should().ContainSingle();
        log.CountOf(TokenRefreshEventIds.SavedInPlace).Should().Be(1, "once is enough");
        _files.Calls.Should().ContainInOrder("temp.flush", "flush directory", "write in place", "read").And.NotContain("replace");
        TempFiles(login).Should().BeEmpty();
        (await File.ReadAllTextAsync(login.Path, Cancellation)).Should().Contain(token.Value);
    }

    [Fact]
    [FailureMode("F47", "F38")]
    public async Task A_write_in_place_that_a_crash_interrupted_is_finished_by_the_next_holder_of_the_lease()
    {
        await using SharedLogin login = await StartAsync();
        using FileCredentialsStore broken = login.CreateStore(_files, _time);
        OAuthCredentials saved = await TearAsync(login, broken);
        using FileCredentialsStore mended = login.CreateStore(_files, _time);

        OAuthCredentials? seen = await AfterReadingAgainAsync(mended.ReadAsync(Cancellation));
        byte[] untouched = await File.ReadAllBytesAsync(login.Path, Cancellation);
        await using ICredentialsLease lease = (await mended.AcquireLeaseAsync(TimeSpan.Zero, Cancellation))!;
        OAuthCredentials? finished = await AfterReadingAgainAsync(lease.ReadAsync(Cancellation));

        seen!.RefreshToken.Should().Be(saved.RefreshToken);
        finished!.RefreshToken.Should().Be(saved.RefreshToken);
        System.Text.Encoding.UTF8.GetString(untouched).Should().NotContain(saved.RefreshToken, "a reader without the lease writes nothing");
        (await File.ReadAllTextAsync(login.Path, Cancellation)).Should().Contain(saved.RefreshToken).And.Contain("server|1");
        (await lease.PrepareAsync(Cancellation)).Should().BeTrue();
        await lease.DisposeAsync();
        TempFiles(login).Should().BeEmpty();
    }

    [Fact]
    [FailureMode("F47", "F45")]
    public async Task A_damaged_file_that_is_not_mounted_is_not_finished_from_a_temp_file()
    {
        await using SharedLogin login = await StartAsync();
        using FileCredentialsStore broken = login.CreateStore(_files, _time);
        await TearAsync(login, broken);
        byte[] torn = await File.ReadAllBytesAsync(login.Path, Cancellation);
        _files.MountPoint = false;
        using FileCredentialsStore store = login.CreateStore(_files, _time);

        Func<Task> read = () => AfterReadingAgainAsync(store.ReadAsync(Cancellation));

        await read.Should().ThrowAsync<CredentialsFileException>();
        (await File.ReadAllBytesAsync(login.Path, Cancellation)).Should().Equal(torn);
    }

    [Fact]
    [FailureMode("F47", "F83")]
    public async Task A_sign_in_whose_write_in_place_is_refused_as_a_whole_leaves_no_backup()
    {
        await using SharedLogin login = await StartAsync();
        _files.WriteInPlaceAs = (_, _) => throw new IOException("Read-only file system");
        using FileCredentialsStore store = login.CreateStore(_files, _time);
        CoordinatedTokenProvider provider = login.CreateProvider(services: new() { CredentialsStore = store, TimeProvider = _time });

        Func<Task> act = () => provider.StoreAsync(login.Server.IssueLogin().Credentials, Cancellation);

        await act.Should().ThrowAsync<CredentialsSaveException>();
        TempFiles(login).Should().BeEmpty();
    }

    private static string[] TempFiles(SharedLogin login) => Directory.GetFiles(login.Directory.Path, "*.tokenrefresh.tmp");

    // Writes half of what it should, as a crash would leave it, and lets go of the lease.
    private async Task<OAuthCredentials> TearAsync(SharedLogin login, FileCredentialsStore store)
    {
        OAuthCredentials next = login.Server.IssueLogin().Credentials;
        _files.WriteInPlaceAs = (path, bytes) =>
        {
            File.WriteAllBytes(path, bytes[..(bytes.Length / 4)]);
            throw new IOException("Input/output error");
        };
        await using ICredentialsLease lease = (await store.AcquireLeaseAsync(TimeSpan.Zero, Cancellation))!;
        OAuthCredentials? stored = await lease.ReadAsync(Cancellation);
        Func<Task> commit = async () => await lease.CommitAsync(stored, next, Cancellation);
        await commit.Should().ThrowAsync<CredentialsSaveException>();
        _files.WriteInPlaceAs = null;
        TempFiles(login).Should().ContainSingle("the backup stays");
        return next;
    }

    // What cannot be understood is read five times, with pauses.
    private async Task<OAuthCredentials?> AfterReadingAgainAsync(ValueTask<OAuthCredentials?> read)
    {
        Task<OAuthCredentials?> reading = read.AsTask();
        await _time.AdvanceThroughShortPausesAsync(reading, TimeSpan.FromMilliseconds(100));
        return await reading;
    }

    private Task<SharedLogin> StartAsync() => SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _time });
}
