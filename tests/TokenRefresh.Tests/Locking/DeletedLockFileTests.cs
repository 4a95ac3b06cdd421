using FluentAssertions;
using TokenRefresh.Locking;
using TokenRefresh.Stores;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Locking;

/// <summary>Lock files that another program deletes. A second descriptor plays another process: the system treats it alike.</summary>
public sealed class DeletedLockFileTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TempDirectory _directory = new();

    private string CredentialsPath => Path.Combine(_directory.Path, "test");

    private string LockPath => Path.Combine(_directory.Path, "test.lock");

    [Fact]
    [FailureMode("F22")]
    public async Task A_holder_notices_that_its_lock_file_was_deleted_and_the_next_lease_locks_the_new_one()
    {
        using SharedFileLock shared = NewLock();
        LockHandle held = (await AcquireAsync(shared))!;

        File.Delete(LockPath);

        held.PathNamesLockedFile().Should().BeFalse();
        held.Dispose();
        using LockHandle next = (await AcquireAsync(shared).AsTask().WaitAsync(Patience))!;
        next.PathNamesLockedFile().Should().BeTrue();
        using LockFile other = OpenLockFile();
        other.TryAcquire().Should().BeFalse("the lock must be that of the file that others open");
    }

    [Fact]
    [FailureMode("F109")]
    public async Task A_waiter_goes_on_with_the_file_that_the_path_names_though_the_deleted_one_is_held()
    {
        using LockFile other = OpenLockFile();
        other.TryAcquire().Should().BeTrue();
        var settings = new CredentialsFileSettings(
            CredentialsPath, CredentialsFileFormat.Auto, LockPath, allowUnreliableLock: false, Patience);
        using var store = new FileCredentialsStore(settings, TimeProvider.System);
        Task<ICredentialsLease?> waiting = store.AcquireLeaseAsync(Patience).AsTask();

        File.Delete(LockPath);

        await using ICredentialsLease lease = (await waiting.WaitAsync(Patience))!;
        (await lease.PrepareAsync()).Should().BeTrue();
        other.IsAtPath().Should().BeFalse();
    }

    [Fact]
    [FailureMode("F109", "F98")]
    public async Task Threads_at_deleted_lock_files_are_bounded_and_the_wait_goes_on_all_the_same()
    {
        using SharedFileLock shared = NewLock();
        List<LockFile> deleted = [];

        for (var i = 0; i < 7; i++)
        {
            LockFile other = OpenLockFile();
            deleted.Add(other);
            other.TryAcquire().Should().BeTrue();
            Task<LockHandle?> waiting = AcquireAsync(shared).AsTask();
            File.Delete(LockPath);
            shared.AbandonDeletedFile();
            (await waiting.WaitAsync(Patience))!.Dispose();
        }

        SpinWait.SpinUntil(static () => SharedFileLock.AbandonedThreads <= 4, Patience).Should().BeTrue(
            "past four, the lock is tried at intervals, and such a thread ends by itself");
        deleted.ForEach(static file => file.Dispose());
    }

    [Fact]
    [FailureMode("F109")]
    public async Task One_try_is_enough_once_the_file_is_deleted_that_another_process_holds()
    {
        using SharedFileLock shared = NewLock();
        (await AcquireAsync(shared))!.Dispose();
        using LockFile other = OpenLockFile();
        other.TryAcquire().Should().BeTrue();
        File.Delete(LockPath);

        using LockHandle? handle = shared.TryAcquire(allowUnreliable: false);

        handle!.PathNamesLockedFile().Should().BeTrue();
    }

    [Fact]
    [FailureMode("F22")]
    public async Task No_two_hold_the_lock_while_a_program_deletes_the_file_over_and_over()
    {
        using var stop = new CancellationTokenSource();
        Task deleting = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                File.Delete(LockPath);

                // Still far more often than any program does. Without this there is no file to open between two deletions.
                Thread.SpinWait(5_000);
                await Task.Yield();
            }
        });
        using SharedFileLock shared = NewLock();

        for (var i = 0; i < 50; i++)
        {
            using LockHandle? handle = await AcquireAsync(shared).AsTask().WaitAsync(Patience);
            handle.Should().NotBeNull();
        }

        await stop.CancelAsync();
        await deleting;
    }

    private static ValueTask<LockHandle?> AcquireAsync(SharedFileLock shared) =>
        shared.AcquireAsync(Patience, TimeProvider.System, allowUnreliable: false, CancellationToken.None);

    private SharedFileLock NewLock() => new(LockPath, OpenLockFile, static _ => { });

    private LockFile OpenLockFile() => LockFile.Open(LockPath, CredentialsPath);

    public void Dispose() => _directory.Dispose();
}
