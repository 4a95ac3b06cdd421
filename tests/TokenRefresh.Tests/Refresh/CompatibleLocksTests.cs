using System.Collections.Concurrent;
using FluentAssertions;
using Microsoft.Win32.SafeHandles;
using TokenRefresh.Interop;
using TokenRefresh.Stores;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;

namespace TokenRefresh.Tests.Refresh;

/// <summary>
/// Refresh, sign-in and sign-out under the locks of other programs, which this test plays by making and removing directories.
/// </summary>
public sealed class CompatibleLocksTests : IDisposable
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(50);

    private readonly ManualTimeProvider _time = new();
    private readonly LogCollector _log = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _log.Dispose();

    [Fact]
    [FailureMode("F32")]
    public async Task They_are_taken_after_our_own_in_order_and_given_back_in_reverse()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Our own lock is watched as a flock.");
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        var files = new Recorder();
        using FileCredentialsStore store = login.CreateStore(files);
        CoordinatedTokenProvider provider = login.CreateProvider(
            services: new() { CredentialsStore = new CompatibleLocksStore(store, CompatibleLock.ClaudeCode) });

        await provider.GetAccessTokenAsync(Cancellation);

        string folder = Path.GetFileName(login.Directory.Path);
        files.Calls.Should().Equal(
            "lock", "mkdir .oauth_refresh.lock", $"mkdir {folder}.lock", $"rmdir {folder}.lock", "rmdir .oauth_refresh.lock", "unlock");
    }

    [Fact]
    [FailureMode("F2", "F20")]
    public async Task They_are_held_with_a_heartbeat_until_the_tokens_are_saved()
    {
        await using SharedLogin login = await StartExpiredAsync();
        using ParkedExchange<AccessToken> parked = await login.ParkAsync(Provider(login));

        _time.Advance(TimeSpan.FromSeconds(10));

        string[] locks = [First(login), Second(login)];
        locks.Should().OnlyContain(path => Directory.GetLastWriteTimeUtc(path) == _time.GetUtcNow().UtcDateTime);
        await parked.FinishAsync();
        locks.Should().NotContain(path => Directory.Exists(path));
        login.Books.Should().BeEquivalentTo(new { TokenRequests = 1, Reuses = 0 });
    }

    [Fact]
    public async Task Without_our_own_lock_none_is_taken()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The other holder is one of flock.");
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        using var foreign = ForeignLock.Hold(login.LockPath, new(Environment.ProcessId, "other", Environment.MachineName, default));
        using FileCredentialsStore inner = login.CreateStore();
        var store = new CompatibleLocksStore(inner, CompatibleLock.ClaudeCode);

        ICredentialsLease? lease = await store.AcquireLeaseAsync(TimeSpan.Zero, Cancellation);

        lease.Should().BeNull();
        store.FindForeignLock().Should().BeNull();
        Directory.Exists(First(login)).Should().BeFalse();
    }

    [Fact]
    [FailureMode("F5", "F20")]
    public async Task One_that_is_not_had_in_time_is_named_in_the_error_and_nothing_is_sent()
    {
        await using SharedLogin login = await StartExpiredAsync();
        HoldAsOther(First(login));

        Task<AccessToken> waiting = Provider(login).GetAccessTokenAsync(Cancellation).AsTask();
        Func<Task> act = () => _time.AdvanceUntilAsync(waiting, TimeSpan.FromSeconds(1));

        LockTimeoutException failure = (await act.Should().ThrowAsync<LockTimeoutException>()).Which;
        failure.Path.Should().Be(First(login));
        failure.Holder.Should().BeNull();
        failure.Message.Should().Match(
            $"The lock '{First(login)}' of another program was not acquired within '00:00:*': it was last renewed at 2026-01-01T00:00:00*, "
            + "and counts as left over '00:01:02' after that. Nothing was sent. Raise 'LockTimeout' (now '00:00:30') or end that program.");
        Directory.Exists(First(login)).Should().BeTrue("it is another program's");
        Directory.Exists(Second(login)).Should().BeFalse();
        login.Books.TokenRequests.Should().Be(0);
    }

    [Fact]
    [FailureMode("F32")]
    public async Task A_program_that_takes_them_in_the_other_order_gets_its_turn_when_our_time_is_up()
    {
        await using SharedLogin login = await StartExpiredAsync();
        HoldAsOther(Second(login));
        Task<AccessToken> waiting = Provider(login).GetAccessTokenAsync(Cancellation).AsTask();
        await _time.WaitForTimerDueInAsync(Step);
        Directory.Exists(First(login)).Should().BeTrue("we hold the first and wait for the second, as it does the other way round");

        Func<Task> act = () => _time.AdvanceUntilAsync(waiting, TimeSpan.FromSeconds(1));

        (await act.Should().ThrowAsync<LockTimeoutException>()).Which.Path.Should().Be(Second(login));
        Directory.Exists(First(login)).Should().BeFalse();
        Directory.Delete(Second(login));
        (await RefreshAsync(login)).Should().NotBeNull();
        login.Books.TokenRequests.Should().Be(1);
    }

    [Fact]
    [FailureMode("F28")]
    public async Task What_waits_for_them_leaves_with_the_tokens_that_the_other_program_saves()
    {
        await using SharedLogin login = await StartExpiredAsync();
        HoldAsOther(First(login));
        Task<AccessToken> waiting = Provider(login).GetAccessTokenAsync(Cancellation).AsTask();
        await _time.WaitForTimerDueInAsync(Step);

        OAuthCredentials saved = login.Store(login.Server.IssueLogin(), _time.GetUtcNow().AddHours(1));

        (await waiting).Value.Should().Be(saved.AccessToken);
        login.Books.TokenRequests.Should().Be(0);
        Directory.Exists(First(login)).Should().BeTrue();
    }

    [Fact]
    [FailureMode("F18", "F19")]
    public async Task One_dated_in_the_future_and_left_over_delays_a_refresh_by_a_heartbeat()
    {
        await using SharedLogin login = await StartExpiredAsync();
        HoldAsOther(First(login), TimeSpan.FromDays(365));
        Task<AccessToken> refreshing = Provider(login).GetAccessTokenAsync(Cancellation).AsTask();

        await _time.AdvanceThroughShortPausesAsync(refreshing, Step);

        (_time.GetUtcNow() - _time.Start).Should().BeCloseTo(TimeSpan.FromSeconds(6), TimeSpan.FromSeconds(1));
        Directory.Exists(First(login)).Should().BeFalse();
        login.Books.TokenRequests.Should().Be(1);
    }

    [Fact]
    [FailureMode("F20")]
    public async Task One_that_is_lost_before_anything_is_sent_is_taken_again_first()
    {
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        var files = new Recorder { BeforeTempFile = () => Rob(First(login)) };
        using FileCredentialsStore store = login.CreateStore(files, logger: _log);
        CoordinatedTokenProvider provider = login.CreateProvider(
            services: new() { CredentialsStore = new CompatibleLocksStore(store, CompatibleLock.ClaudeCode), LoggerFactory = _log });

        Task<AccessToken> refreshing = provider.GetAccessTokenAsync(Cancellation).AsTask();
        await _log.WaitForAsync(TokenRefreshEventIds.LeaseRestarted);
        int sentMeanwhile = login.Books.TokenRequests;
        Directory.Delete(First(login));
        await refreshing;

        sentMeanwhile.Should().Be(0);
        _log.CountOf(TokenRefreshEventIds.CompatibleLockLost).Should().Be(1);
        login.Books.Should().BeEquivalentTo(new { TokenRequests = 1, Reuses = 0 });
    }

    [Fact]
    [FailureMode("F20", "F21")]
    public async Task The_tokens_are_saved_even_if_one_is_lost_during_the_exchange()
    {
        await using SharedLogin login = await StartExpiredAsync();
        using ParkedExchange<AccessToken> parked = await login.ParkAsync(Provider(login), ParkPoint.AfterProcessing);

        Rob(Second(login));
        parked.Release();

        AccessToken token = await parked.Caller;
        (await login.CreateStore().ReadAsync(Cancellation))!.AccessToken.Should().Be(token.Value);
        _log.CountOf(TokenRefreshEventIds.CompatibleLockLost).Should().Be(1);
        Directory.Exists(Second(login)).Should().BeTrue("it is another program's by now");
        Directory.Delete(Second(login));
    }

    [Fact]
    [FailureMode("F44", "F80")]
    public async Task What_another_program_saved_under_a_lock_that_it_took_from_us_stays()
    {
        await using SharedLogin login = await StartExpiredAsync();
        using ParkedExchange<AccessToken> parked = await login.ParkAsync(Provider(login), ParkPoint.AfterProcessing);

        Rob(First(login));
        OAuthCredentials other = login.Store(login.Server.IssueLogin(), _time.GetUtcNow().AddHours(1));
        parked.Release();

        (await parked.Caller).Value.Should().Be(other.AccessToken);
        (await login.CreateStore().ReadAsync(Cancellation))!.RefreshToken.Should().Be(other.RefreshToken);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [FailureMode("F5")]
    public async Task A_sign_in_or_sign_out_waits_for_them_too(bool isSignIn)
    {
        await using SharedLogin login = await StartExpiredAsync();
        CoordinatedTokenProvider provider = Provider(login);
        OAuthCredentials other = login.Server.IssueLogin().Credentials;
        byte[] before = await File.ReadAllBytesAsync(login.Path, Cancellation);
        Task Run() => isSignIn ? provider.StoreAsync(other, Cancellation) : provider.RemoveAsync(Cancellation);
        HoldAsOther(First(login));

        Func<Task> act = () => _time.AdvanceUntilAsync(Run(), TimeSpan.FromSeconds(1));
        (await act.Should().ThrowAsync<LockTimeoutException>()).Which.Path.Should().Be(First(login));
        byte[] after = await File.ReadAllBytesAsync(login.Path, Cancellation);
        Directory.Delete(First(login));
        await Run();

        after.Should().Equal(before);
        (await login.CreateStore().ReadAsync(Cancellation))?.RefreshToken.Should().Be(isSignIn ? other.RefreshToken : null);
        Directory.Exists(First(login)).Should().BeFalse();
    }

    [Fact]
    [FailureMode("F6")]
    public async Task Their_places_follow_from_the_path_that_the_other_program_has_too()
    {
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        using var elsewhere = new TempDirectory();
        string folder = Path.Combine(elsewhere.Path, "config");
        string link = Path.Combine(elsewhere.Path, "link");
        Directory.CreateDirectory(folder);
        Directory.CreateSymbolicLink(link, folder);
        File.CreateSymbolicLink(Path.Combine(folder, ".credentials.json"), login.Path);
        using ParkedRequest parked = login.Server.ParkNextTokenRequest();
        CoordinatedTokenProvider provider = login.CreateProvider(o =>
        {
            o.CredentialsPath = Path.Combine(link, ".credentials.json");
            o.CompatibleLocks = CompatibleLock.ClaudeCode;
        });

        Task<AccessToken> refreshing = provider.GetAccessTokenAsync(Cancellation).AsTask();
        await parked.Arrived;

        Directory.GetDirectories(folder).Should().Equal(Path.Combine(folder, ".oauth_refresh.lock"));
        Directory.GetDirectories(elsewhere.Path, "*.lock").Should().Equal($"{folder}.lock");
        parked.Release();
        await refreshing;
    }

    private static string First(SharedLogin login) => Path.Combine(login.Directory.Path, ".oauth_refresh.lock");

    private static string Second(SharedLogin login) => $"{login.Directory.Path}.lock";

    // By the real clock: another program may have made it.
    private static void Rob(string path)
    {
        Directory.Delete(path);
        Directory.CreateDirectory(path);
    }

    private void HoldAsOther(string path, TimeSpan lead = default)
    {
        Directory.CreateDirectory(path);
        Directory.SetLastWriteTimeUtc(path, (_time.GetUtcNow() + lead).UtcDateTime);
    }

    private async Task<SharedLogin> StartExpiredAsync()
    {
        SharedLogin login = await SharedLogin.StartAsync(new() { TimeProvider = _time });
        login.StoreExpired();
        return login;
    }

    private CoordinatedTokenProvider Provider(SharedLogin login) => login.CreateProvider(
        o => o.CompatibleLocks = CompatibleLock.ClaudeCode, new() { TimeProvider = _time, LoggerFactory = _log });

    private async Task<AccessToken?> RefreshAsync(SharedLogin login) => await Provider(login).GetAccessTokenAsync(Cancellation);

    /// <summary>Notes what happens to locks, and lets a test come in before the temp file of the first save.</summary>
    private sealed class Recorder : FileOperationsDecorator
    {
        private readonly ConcurrentQueue<string> _calls = new();

        internal IReadOnlyList<string> Calls => [.. _calls];

        internal Action? BeforeTempFile { get; set; }

        public override ITempFile? TryCreateTemp(string path, long allocate)
        {
            (Action? act, BeforeTempFile) = (BeforeTempFile, null);
            act?.Invoke();
            return base.TryCreateTemp(path, allocate);
        }

        public override bool TryCreateDirectory(string path)
        {
            _calls.Enqueue($"mkdir {Path.GetFileName(path)}");
            return base.TryCreateDirectory(path);
        }

        public override void RemoveDirectory(string path)
        {
            _calls.Enqueue($"rmdir {Path.GetFileName(path)}");
            base.RemoveDirectory(path);
        }

        [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
        public override int Lock(SafeFileHandle file, int operation)
        {
            int error = base.Lock(file, operation);
            if (error == 0)
            {
                _calls.Enqueue(operation == Libc.LockUnlock ? "unlock" : "lock");
            }

            return error;
        }
    }
}
