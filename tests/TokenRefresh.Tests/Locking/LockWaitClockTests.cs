using FluentAssertions;
using TokenRefresh.Locking;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Locking;

/// <summary>A wait for the lock under a clock of the program's own.</summary>
public sealed class LockWaitClockTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TempDirectory _directory = new();

    private string LockPath => Path.Combine(_directory.Path, "test.lock");

    [Fact]
    [FailureMode("F104")]
    public async Task A_clock_that_throws_in_a_wait_ends_that_wait_and_no_process()
    {
        using SharedFileLock shared = NewLock();
        using LockFile other = OpenLockFile();
        other.TryAcquire().Should().BeTrue();
        var clock = new HandClock();
        Task<LockHandle?> wait = shared.AcquireAsync(Patience, clock, allowUnreliable: false, CancellationToken.None).AsTask();
        clock.Throws = true;

        clock.Fire();

        await wait.Awaiting(w => w).Should().ThrowAsync<InvalidOperationException>();
        other.Release();
        LockHandle? next = await shared.AcquireAsync(Patience, TimeProvider.System, allowUnreliable: false, CancellationToken.None);
        next.Should().NotBeNull();
        next!.Dispose();
    }

    [Theory]
    [InlineData(15, 36, 37, "each time that it comes far too late, it gets a second")]
    [InlineData(11, 11, 13, "a clock that is always a little late puts the end off once")]
    [FailureMode("F100")]
    public async Task A_wait_that_ends_late_gets_a_second_and_then_ends(int first, int second, int last, string because)
    {
        using SharedFileLock shared = NewLock();
        using LockFile other = OpenLockFile();
        other.TryAcquire().Should().BeTrue();
        var clock = new HandClock();
        Task<LockHandle?> wait = shared.AcquireAsync(TimeSpan.FromSeconds(10), clock, allowUnreliable: false, default).AsTask();

        clock.FireAt(first);
        clock.FireAt(second);
        bool endedEarly = wait.IsCompleted;
        clock.FireAt(last);

        endedEarly.Should().BeFalse(because);
        (await wait.WaitAsync(Patience)).Should().BeNull();
        other.Release();
        (await shared.AcquireAsync(Patience, TimeProvider.System, allowUnreliable: false, default))!.Dispose();
    }

    private SharedFileLock NewLock() => new(LockPath, OpenLockFile, static _ => { });

    private LockFile OpenLockFile() => LockFile.Open(LockPath, Path.Combine(_directory.Path, "test"));

    public void Dispose() => _directory.Dispose();

    private sealed class HandClock : TimeProvider
    {
        private Action? _timer;
        private int _seconds;

        internal bool Throws { get; set; }

        public override long GetTimestamp() =>
            Throws ? throw new InvalidOperationException("The clock stands still.") : _seconds * TimestampFrequency;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _timer = () => callback(state);
            return base.CreateTimer(static _ => { }, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        internal void Fire() => _timer!();

        internal void FireAt(int seconds)
        {
            _seconds = seconds;
            Fire();
        }
    }
}
