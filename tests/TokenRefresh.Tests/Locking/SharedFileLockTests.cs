using FluentAssertions;
using Microsoft.Win32.SafeHandles;
using TokenRefresh.Locking;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Locking;

/// <summary>
/// The lock of a process against the real lock of this system. Another process is played by a second descriptor, which the system treats
/// alike.
/// </summary>
public sealed class SharedFileLockTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TempDirectory _directory = new();

    private string CredentialsPath => Path.Combine(_directory.Path, "test");

    private string LockPath => Path.Combine(_directory.Path, "test.lock");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_held_lock_is_refused_at_once_to_one_who_does_not_wait()
    {
        using SharedFileLock shared = NewLock();
        LockHandle? first = await AcquireAsync(shared);

        LockHandle? second = await AcquireAsync(shared, TimeSpan.Zero);

        first.Should().NotBeNull();
        second.Should().BeNull();
        first!.Dispose();
    }

    [Fact]
    [FailureMode("F8")]
    public async Task Leases_of_one_process_are_handed_over_in_the_order_they_came()
    {
        using SharedFileLock shared = NewLock();
        LockHandle held = (await AcquireAsync(shared))!;
        Task<LockHandle?> second = AcquireAsync(shared).AsTask();
        Task<LockHandle?> third = AcquireAsync(shared).AsTask();

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
        using SharedFileLock shared = NewLock();
        LockHandle held = (await AcquireAsync(shared))!;
        using LockFile other = OpenLockFile();
        other.TryAcquire().Should().BeFalse();

        held.Dispose();

        other.TryAcquire().Should().BeTrue();
        other.Release();
    }

    [Fact]
    [FailureMode("F68")]
    public async Task A_waiter_gets_the_lock_that_another_process_releases()
    {
        using SharedFileLock shared = NewLock();
        using LockFile other = OpenLockFile();
        other.TryAcquire().Should().BeTrue();
        Task<LockHandle?> waiting = AcquireAsync(shared).AsTask();

        other.Release();
        LockHandle? granted = await waiting.WaitAsync(Patience);

        granted.Should().NotBeNull();
        granted!.Dispose();
    }

    [Fact]
    [FailureMode("F30")]
    public async Task A_cancelled_waiter_leaves_at_once_and_the_grant_that_comes_later_is_given_back()
    {
        using SharedFileLock shared = NewLock();
        using LockFile other = OpenLockFile();
        other.TryAcquire().Should().BeTrue();
        using var cancellation = new CancellationTokenSource();
        Task<LockHandle?> waiting = shared.AcquireAsync(Patience, TimeProvider.System, allowUnreliable: false, cancellation.Token).AsTask();

        await cancellation.CancelAsync();

        (await waiting.WaitAsync(Patience)).Should().BeNull();
        shared.IsBusy.Should().BeTrue("its thread is parked until the holder lets go");
        other.Release();
        (await AcquireAsync(shared).AsTask().WaitAsync(Patience))!.Dispose();
    }

    [Fact]
    public async Task A_cancelled_waiter_has_left_when_the_cancellation_returns()
    {
        using SharedFileLock shared = NewLock();
        using LockHandle held = (await AcquireAsync(shared))!;
        using var cancellation = new CancellationTokenSource();
        Task<LockHandle?> waiting = shared.AcquireAsync(Patience, TimeProvider.System, allowUnreliable: false, cancellation.Token).AsTask();

        // On a thread without a context, as a shared refresh is: with one, the runtime itself makes a detour.
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
        using SharedFileLock shared = NewLock();
        using LockFile other = OpenLockFile();
        other.TryAcquire().Should().BeTrue();
        Task<LockHandle?> waiting = shared.AcquireAsync(TimeSpan.FromSeconds(10), time, allowUnreliable: false, default).AsTask();

        time.Advance(TimeSpan.FromSeconds(10));

        (await waiting.WaitAsync(Patience)).Should().BeNull();
        other.Release();
        (await AcquireAsync(shared).AsTask().WaitAsync(Patience))!.Dispose();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(1000)]
    public async Task A_thread_that_is_put_aside_for_longer_than_its_time_out_finds_it_over(int milliseconds)
    {
        var time = new ManualTimeProvider();
        var passed = TimeSpan.FromMilliseconds(milliseconds);
        using SharedFileLock shared = NewLock();
        using LockFile other = OpenLockFile();
        other.TryAcquire().Should().BeTrue();

        Task<LockHandle?> waiting = shared.AcquireAsync(
            TimeSpan.FromMilliseconds(1), new LateTimeProvider(time, passed), allowUnreliable: false, default).AsTask();

        // One that is found over late gets a second more.
        await time.AdvanceUntilAsync(waiting, TimeSpan.FromSeconds(1));

        (await waiting.WaitAsync(Patience)).Should().BeNull();
        other.Release();
        (await AcquireAsync(shared).AsTask().WaitAsync(Patience))!.Dispose();
    }

    [Fact]
    [FailureMode("F21")]
    public async Task The_lock_file_is_still_there_after_the_release()
    {
        using (SharedFileLock shared = NewLock())
        {
            (await AcquireAsync(shared))!.Dispose();
        }

        File.Exists(LockPath).Should().BeTrue();
    }

    [Fact]
    [FailureMode("F31")]
    public async Task A_place_that_can_hold_no_lock_is_named_with_the_systems_reason()
    {
        string path = Path.Combine(_directory.Path, "missing", "test.lock");
        using var shared = new SharedFileLock(path, () => LockFile.Open(path, CredentialsPath), static _ => { });

        Func<Task> act = () => AcquireAsync(shared).AsTask();

        (await act.Should().ThrowAsync<LockUnavailableException>()).WithMessage($"*'{path}'*'LockPath'*");
    }

    [Fact]
    [FailureMode("F26")]
    public async Task A_lock_file_that_may_not_be_written_is_an_error_at_once_and_no_busy_lock()
    {
        Assert.SkipUnless(OperatingSystem.IsWindows(), "Needs Windows, where a denied access and a contended one look alike.");
        OpenLockFile().Dispose();
        File.SetAttributes(LockPath, FileAttributes.ReadOnly);
        using SharedFileLock shared = NewLock();

        Func<Task> act = () => AcquireAsync(shared).AsTask();

        (await act.Should().ThrowAsync<LockUnavailableException>()).WithMessage($"*'{LockPath}'*error 5*");
        File.SetAttributes(LockPath, FileAttributes.Normal);
    }

    [Fact]
    [FailureMode("F98")]
    public async Task A_lock_whose_thread_is_parked_is_kept_for_the_next_user_and_closed_when_it_comes_free()
    {
        var time = new ManualTimeProvider();
        using LockFile other = OpenLockFile();
        other.TryAcquire().Should().BeTrue();
        SharedFileLock first = SharedFileLocks.OfThisProcess.Rent(LockPath, CredentialsPath);
        Task<LockHandle?> waiting = first.AcquireAsync(TimeSpan.FromSeconds(10), time, allowUnreliable: false, default).AsTask();
        time.Advance(TimeSpan.FromSeconds(10));
        (await waiting.WaitAsync(Patience)).Should().BeNull();
        SharedFileLocks.OfThisProcess.Return(first);

        SharedFileLock second = SharedFileLocks.OfThisProcess.Rent(LockPath, CredentialsPath);

        second.Should().BeSameAs(first);
        other.Release();
        (await AcquireAsync(second).AsTask().WaitAsync(Patience))!.Dispose();
        SharedFileLocks.OfThisProcess.Return(second);
        SharedFileLock third = SharedFileLocks.OfThisProcess.Rent(LockPath, CredentialsPath);
        third.Should().NotBeSameAs(first, "a lock that is not rented is closed");
        SharedFileLocks.OfThisProcess.Return(third);
    }

    [Fact]
    public async Task The_file_says_who_holds_the_lock_and_no_one_afterwards()
    {
        using SharedFileLock shared = NewLock();
        LockHandle held = (await AcquireAsync(shared))!;

        LockHolder? during = ReadHolder();
        held.Dispose();

        during!.ProcessId.Should().Be(Environment.ProcessId);
        during.Host.Should().Be(Environment.MachineName);
        ReadHolder().Should().BeNull();
    }

    [Fact]
    public async Task A_wait_without_limit_ends_with_the_grant()
    {
        using SharedFileLock shared = NewLock();
        LockHandle held = (await AcquireAsync(shared))!;
        Task<LockHandle?> waiting = AcquireAsync(shared, Timeout.InfiniteTimeSpan).AsTask();

        held.Dispose();

        (await waiting.WaitAsync(Patience))!.Dispose();
    }

    [Fact]
    public async Task A_wait_that_was_cancelled_before_it_began_takes_nothing()
    {
        using SharedFileLock shared = NewLock();
        var cancelled = new CancellationToken(canceled: true);

        LockHandle? handle = await shared.AcquireAsync(Patience, TimeProvider.System, allowUnreliable: false, cancelled);

        handle.Should().BeNull();
        shared.IsBusy.Should().BeFalse();
    }

    [Fact]
    [FailureMode("F105")]
    public async Task Inside_a_process_the_lock_is_handed_on_once_and_then_goes_back_to_the_system()
    {
        var releases = 0;
        using var shared = new SharedFileLock(LockPath, () => new ObservedLockFile(OpenLockFile(), () => releases++), static _ => { });
        LockHandle first = (await AcquireAsync(shared))!;
        Task<LockHandle?> second = AcquireAsync(shared).AsTask();
        Task<LockHandle?> third = AcquireAsync(shared).AsTask();

        first.Dispose();
        LockHandle handedOn = (await second.WaitAsync(Patience))!;
        int releasesBefore = releases;
        handedOn.Dispose();
        LockHandle last = (await third.WaitAsync(Patience))!;
        int releasesAfter = releases;
        last.Dispose();

        releasesBefore.Should().Be(0, "the second of this process may follow the first at once");
        releasesAfter.Should().Be(1, "then it is the turn of others");
    }

    [Fact]
    [FailureMode("F105")]
    public async Task Another_process_gets_its_turn_while_eight_are_busy_in_this_one()
    {
        using SharedFileLock shared = NewLock();
        using LockFile other = OpenLockFile();
        using var stop = new CancellationTokenSource();
        LockHandle first = (await AcquireAsync(shared))!;
        Task[] busy = [.. Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                (await AcquireAsync(shared))!.Dispose();
            }
        }))];

        var turn = Task.Factory.StartNew(other.Acquire, TaskCreationOptions.LongRunning);
        first.Dispose();

        await turn.WaitAsync(Patience);
        other.Release();
        await stop.CancelAsync();
        await Task.WhenAll(busy).WaitAsync(Patience);
    }

    private static ValueTask<LockHandle?> AcquireAsync(SharedFileLock shared, TimeSpan? timeout = null) =>
        shared.AcquireAsync(timeout ?? Patience, TimeProvider.System, allowUnreliable: false, CancellationToken.None);

    private SharedFileLock NewLock() => new(LockPath, OpenLockFile, static _ => { });

    private LockFile OpenLockFile() => LockFile.Open(LockPath, CredentialsPath);

    private LockHolder? ReadHolder()
    {
        using SafeFileHandle file = LockFile.OpenForReading(LockPath)!;
        return LockFileFormat.ReadHolder(file);
    }

    /// <summary>A clock on which time passes between the first look at it and the timer that is set then.</summary>
    private sealed class LateTimeProvider(ManualTimeProvider time, TimeSpan passed) : TimeProvider
    {
        private bool _hasPassed;

        public override long TimestampFrequency => time.TimestampFrequency;

        public override long GetTimestamp()
        {
            long now = time.GetTimestamp();
            if (!_hasPassed)
            {
                _hasPassed = true;
                time.Advance(passed);
            }

            return now;
        }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            // As the system's own timers do: -1 ms is for ever, and what is less is refused.
            ArgumentOutOfRangeException.ThrowIfLessThan(dueTime, Timeout.InfiniteTimeSpan);
            return time.CreateTimer(callback, state, dueTime, period);
        }
    }

    /// <summary>A file whose releases are seen.</summary>
    private sealed class ObservedLockFile(LockFile file, Action onRelease) : LockFile(file.Path, file.Handle)
    {
        internal override bool TryAcquire() => file.TryAcquire();

        internal override void Acquire() => file.Acquire();

        internal override void Release()
        {
            onRelease();
            file.Release();
        }

        internal override bool IsAtPath() => file.IsAtPath();

        protected override bool IsOnDoubtfulFileSystem() => false;
    }
}
