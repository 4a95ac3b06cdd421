using FluentAssertions;
using TokenRefresh.Locking;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Locking;

/// <summary>The engine against the real lock of this system. Another process is played by a second descriptor, which the system treats alike.</summary>
public sealed class LockEngineTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly TempDirectory _directory = new();

    private string LockPath => Path.Combine(_directory.Path, "test.lock");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_held_lock_is_refused_at_once_to_whoever_does_not_wait()
    {
        using SharedFileLock engine = NewEngine();
        LockHandle? first = await engine.AcquireAsync(Request(), default);

        LockHandle? second = await engine.AcquireAsync(Request(TimeSpan.Zero), default);

        first.Should().NotBeNull();
        second.Should().BeNull();
        first!.Dispose();
    }

    [Fact]
    [FailureMode("F8")]
    public async Task Leases_of_one_process_are_handed_over_in_the_order_they_came()
    {
        using SharedFileLock engine = NewEngine();
        LockHandle held = (await engine.AcquireAsync(Request(), default))!;
        Task<LockHandle?> second = engine.AcquireAsync(Request(), default).AsTask();
        Task<LockHandle?> third = engine.AcquireAsync(Request(), default).AsTask();

        held.Dispose();
        LockHandle? granted = await second.WaitAsync(Patience);

        granted.Should().NotBeNull();
        third.IsCompleted.Should().BeFalse();
        granted!.Dispose();
        (await third.WaitAsync(Patience))!.Dispose();
    }

    [Fact]
    public async Task The_lock_is_free_for_other_processes_when_no_lease_is_outstanding()
    {
        using SharedFileLock engine = NewEngine();
        LockHandle held = (await engine.AcquireAsync(Request(), default))!;
        using LockFile other = LockFile.Open(LockPath);
        other.TryAcquire().Should().BeFalse();

        held.Dispose();

        other.TryAcquire().Should().BeTrue();
        other.Release();
    }

    [Fact]
    [FailureMode("F68")]
    public async Task A_waiter_gets_the_lock_that_another_process_releases()
    {
        using SharedFileLock engine = NewEngine();
        using LockFile other = LockFile.Open(LockPath);
        other.TryAcquire().Should().BeTrue();
        Task<LockHandle?> waiting = engine.AcquireAsync(Request(), default).AsTask();

        other.Release();
        LockHandle? granted = await waiting.WaitAsync(Patience);

        granted.Should().NotBeNull();
        granted!.Dispose();
    }

    [Fact]
    [FailureMode("F30")]
    public async Task A_cancelled_waiter_leaves_at_once_and_the_grant_that_comes_later_is_given_back()
    {
        using SharedFileLock engine = NewEngine();
        using LockFile other = LockFile.Open(LockPath);
        other.TryAcquire().Should().BeTrue();
        using var cancellation = new CancellationTokenSource();
        Task<LockHandle?> waiting = engine.AcquireAsync(Request(), cancellation.Token).AsTask();

        await cancellation.CancelAsync();

        (await waiting.WaitAsync(Patience)).Should().BeNull();
        engine.IsBusy.Should().BeTrue("its thread is parked until the holder lets go");
        other.Release();
        (await engine.AcquireAsync(Request(), default).AsTask().WaitAsync(Patience))!.Dispose();
    }

    [Fact]
    public async Task A_cancelled_waiter_has_left_when_the_cancellation_returns()
    {
        using SharedFileLock engine = NewEngine();
        using LockHandle held = (await engine.AcquireAsync(Request(), default))!;
        using var cancellation = new CancellationTokenSource();
        Task<LockHandle?> waiting = engine.AcquireAsync(Request(), cancellation.Token).AsTask();

        // On a thread without a context, as a flight is: with one, the runtime itself makes a detour.
        bool hasLeft = await Task.Run(() =>
        {
            cancellation.Cancel();
            return waiting.IsCompletedSuccessfully;
        });

        hasLeft.Should().BeTrue("a hop over a sleeping thread costs more than all the rest of a hand-over");
        (await waiting).Should().BeNull();
    }

    [Fact]
    public async Task A_time_out_is_no_exception()
    {
        var time = new ManualTimeProvider();
        using SharedFileLock engine = NewEngine();
        using LockFile other = LockFile.Open(LockPath);
        other.TryAcquire().Should().BeTrue();
        Task<LockHandle?> waiting = engine.AcquireAsync(new LockRequest(TimeSpan.FromSeconds(10), AllowUnreliable: false, time), default).AsTask();

        time.Advance(TimeSpan.FromSeconds(10));

        (await waiting.WaitAsync(Patience)).Should().BeNull();
        other.Release();
        (await engine.AcquireAsync(Request(), default).AsTask().WaitAsync(Patience))!.Dispose();
    }

    [Fact]
    [FailureMode("F22")]
    public async Task A_holder_notices_that_its_lock_file_was_deleted_and_the_next_lease_locks_the_new_one()
    {
        using SharedFileLock engine = NewEngine();
        LockHandle held = (await engine.AcquireAsync(Request(), default))!;

        File.Delete(LockPath);

        held.IsStillTheFile().Should().BeFalse();
        held.Dispose();
        using LockHandle next = (await engine.AcquireAsync(Request(), default).AsTask().WaitAsync(Patience))!;
        next.IsStillTheFile().Should().BeTrue();
        using LockFile other = LockFile.Open(LockPath);
        other.TryAcquire().Should().BeFalse("the lock must be that of the file that others open");
    }

    [Fact]
    [FailureMode("F21")]
    public async Task The_lock_file_is_still_there_after_the_release()
    {
        using (SharedFileLock engine = NewEngine())
        {
            (await engine.AcquireAsync(Request(), default))!.Dispose();
        }

        File.Exists(LockPath).Should().BeTrue();
    }

    [Fact]
    [FailureMode("F24")]
    public async Task A_lock_that_excludes_nobody_fails_closed()
    {
        using var engine = new SharedFileLock(LockPath, path => new GrantsEverybody(LockFile.Open(path)), static () => { });

        Func<Task> act = () => engine.AcquireAsync(Request(), default).AsTask();

        (await act.Should().ThrowAsync<LockUnavailableException>()).WithMessage($"*'{LockPath}'*AllowUnreliableLock*");
    }

    [Fact]
    [FailureMode("F24")]
    public async Task A_lock_that_excludes_nobody_can_be_accepted()
    {
        using var engine = new SharedFileLock(LockPath, path => new GrantsEverybody(LockFile.Open(path)), static () => { });

        using LockHandle? hold = await engine.AcquireAsync(new LockRequest(Patience, AllowUnreliable: true, TimeProvider.System), default);

        hold.Should().NotBeNull();
    }

    [Fact]
    [FailureMode("F31")]
    public async Task A_place_that_can_hold_no_lock_is_named_with_the_systems_reason()
    {
        string path = Path.Combine(_directory.Path, "missing", "test.lock");
        using var engine = new SharedFileLock(path, LockFile.Open, static () => { });

        Func<Task> act = () => engine.AcquireAsync(Request(), default).AsTask();

        (await act.Should().ThrowAsync<LockUnavailableException>()).WithMessage($"*'{path}'*'LockPath'*");
    }

    [Fact]
    [FailureMode("F26")]
    public async Task A_lock_file_that_may_not_be_written_is_an_error_at_once_and_no_busy_lock()
    {
        Assert.SkipUnless(OperatingSystem.IsWindows(), "Needs Windows, where a denied access and a contended one look alike; elsewhere F31 is tested with a user who has no access.");
        LockFile.Open(LockPath).Dispose();
        File.SetAttributes(LockPath, FileAttributes.ReadOnly);
        using SharedFileLock engine = NewEngine();

        Func<Task> act = () => engine.AcquireAsync(Request(), default).AsTask();

        (await act.Should().ThrowAsync<LockUnavailableException>()).WithMessage($"*'{LockPath}'*error 5*");
        File.SetAttributes(LockPath, FileAttributes.Normal);
    }

    [Fact]
    [FailureMode("F98")]
    public async Task An_engine_whose_thread_is_parked_is_kept_for_the_next_user_and_closed_when_the_lock_comes_free()
    {
        using LockFile other = LockFile.Open(LockPath);
        other.TryAcquire().Should().BeTrue();
        SharedFileLock first = SharedFileLocks.Rent(LockPath);
        (await first.AcquireAsync(Request(TimeSpan.FromMilliseconds(1)), default)).Should().BeNull();
        SharedFileLocks.Return(first);

        SharedFileLock second = SharedFileLocks.Rent(LockPath);

        second.Should().BeSameAs(first);
        other.Release();
        (await second.AcquireAsync(Request(), default).AsTask().WaitAsync(Patience))!.Dispose();
        SharedFileLocks.Return(second);
        SharedFileLock third = SharedFileLocks.Rent(LockPath);
        third.Should().NotBeSameAs(first, "an engine that nobody uses is closed");
        SharedFileLocks.Return(third);
    }

    [Fact]
    public async Task The_record_says_who_holds_the_lock_and_nobody_afterwards()
    {
        using SharedFileLock engine = NewEngine();
        LockHandle held = (await engine.AcquireAsync(Request(), default))!;

        LockHolder? during = ReadHolder();
        held.Dispose();

        during!.ProcessId.Should().Be(Environment.ProcessId);
        during.Host.Should().Be(Environment.MachineName);
        ReadHolder().Should().BeNull();
    }

    private static LockRequest Request(TimeSpan? timeout = null) => new(timeout ?? Patience, AllowUnreliable: false, TimeProvider.System);

    private SharedFileLock NewEngine() => new(LockPath, LockFile.Open, static () => { });

    private LockHolder? ReadHolder()
    {
        var block = new byte[HolderBlock.Size];
        LockFile.ReadThroughPath(LockPath, HolderBlock.Offset, block);
        return HolderBlock.Read(block);
    }

    /// <summary>A file system whose locks are granted to everybody, as NFS without a lock daemon grants them.</summary>
    private sealed class GrantsEverybody(LockFile file) : LockFile(file.Path, file.Handle)
    {
        internal override bool TryAcquire() => true;

        internal override void Acquire()
        {
        }

        internal override void Release()
        {
        }
    }
}
