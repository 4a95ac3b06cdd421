using FluentAssertions;
using TokenRefresh.Locking;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Locking;

/// <summary>File systems whose locks exclude no one, or that have none.</summary>
public sealed class UnreliableLockTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TempDirectory _directory = new();

    private string CredentialsPath => Path.Combine(_directory.Path, "test");

    private string LockPath => Path.Combine(_directory.Path, "test.lock");

    [Fact]
    [FailureMode("F24")]
    public async Task A_lock_that_excludes_no_one_fails_closed()
    {
        using var shared = new SharedFileLock(LockPath, () => new GrantsEveryone(OpenLockFile()), static _ => { });

        Func<Task> act = () => AcquireAsync(shared).AsTask();

        (await act.Should().ThrowAsync<LockUnavailableException>()).WithMessage($"*'{LockPath}'*AllowUnreliableLock*");
    }

    [Fact]
    [FailureMode("F24")]
    public async Task A_lock_that_excludes_no_one_can_be_accepted()
    {
        using var shared = new SharedFileLock(LockPath, () => new GrantsEveryone(OpenLockFile()), static _ => { });

        using LockHandle? hold = await shared.AcquireAsync(Patience, TimeProvider.System, allowUnreliable: true, default);

        hold.Should().NotBeNull();
    }

    [Fact]
    public async Task Who_accepts_a_lock_that_excludes_no_one_has_it_though_the_system_cannot_lock_at_all()
    {
        using var shared = new SharedFileLock(LockPath, () => new CannotLock(OpenLockFile()), static _ => { });

        using LockHandle? handle = await shared.AcquireAsync(Patience, TimeProvider.System, allowUnreliable: true, default);
        Func<Task> act = () => AcquireAsync(shared).AsTask();

        handle.Should().NotBeNull();
        Task refused = act.Should().ThrowAsync<LockUnavailableException>();
        handle!.Dispose();
        await refused.WaitAsync(Patience);
    }

    private static ValueTask<LockHandle?> AcquireAsync(SharedFileLock shared) =>
        shared.AcquireAsync(Patience, TimeProvider.System, allowUnreliable: false, CancellationToken.None);

    private LockFile OpenLockFile() => LockFile.Open(LockPath, CredentialsPath);

    public void Dispose() => _directory.Dispose();

    /// <summary>A file system whose locks are granted to everyone, as NFS without a lock daemon grants them.</summary>
    private sealed class GrantsEveryone(LockFile file) : LockFile(file.Path, file.Handle)
    {
        internal override bool TryAcquire() => true;

        internal override void Acquire()
        {
        }

        internal override void Release()
        {
        }

        internal override bool IsAtPath() => true;

        protected override bool IsOnDoubtfulFileSystem() => false;
    }

    /// <summary>A file system without locks.</summary>
    private sealed class CannotLock(LockFile file) : LockFile(file.Path, file.Handle)
    {
        internal override bool TryAcquire() => throw new LockUnavailableException("no locks here");

        internal override void Acquire() => throw new LockUnavailableException("no locks here");

        internal override void Release()
        {
        }

        internal override bool IsAtPath() => true;

        protected override bool IsOnDoubtfulFileSystem() => false;
    }
}
