namespace TokenRefresh.Locking;

internal sealed partial class SharedFileLock
{
    /// <summary>
    /// One place in the queue. Exactly one of grant, time-out, cancellation and failure ends it; a grant that comes second is given back.
    /// </summary>
    /// <remarks>
    /// Time-out and cancellation go on right on the thread they come on: in each of dozens of processes someone leaves the queue at the
    /// moment of a save, and a detour over a sleeping pool thread costs more than the rest. Grant and failure come under the lock, so they
    /// go on elsewhere.
    /// </remarks>
    private sealed class Waiter(SharedFileLock owner, TimeSpan timeout, TimeProvider time, bool allowUnreliable)
        : TaskCompletionSource<LockHandle?>, IThreadPoolWorkItem
    {
        // A wait that ends late, because the process was stopped or its thread pool starved, first lets a grant run that came meanwhile.
        private static readonly TimeSpan Extension = TimeSpan.FromSeconds(1);

        // Timers refuse what is longer than 49 days.
        private static readonly TimeSpan LongestTick = TimeSpan.FromDays(1);

        private readonly long _start = time.GetTimestamp();
        private ITimer? _timer;
        private CancellationTokenRegistration _cancellation;
        private Exception? _failure;
        private TimeSpan _extension;
        private TimeSpan _tolerance = TimeSpan.FromMilliseconds(100);
        private int _hasEnded;

        internal bool AllowUnreliable => allowUnreliable;

        internal bool HasEnded => Interlocked.CompareExchange(ref _hasEnded, 0, 0) != 0;

        /// <summary>
        /// Starts to time out and to be cancelled. Before it is queued, since foreign clocks must not run under the lock.
        /// </summary>
        internal void Start(CancellationToken cancellationToken)
        {
            if (timeout != Timeout.InfiniteTimeSpan)
            {
                // Set only once it is in its field: one that is due at once would find none there to set again.
                _timer = time.CreateTimer(Tick, this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                Set(timeout);
            }

            _cancellation = cancellationToken.UnsafeRegister(Leave, this);
            if (HasEnded)
            {
                CleanUp();
            }
        }

        internal void Fail(Exception failure)
        {
            _failure = failure;
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }

        void IThreadPoolWorkItem.Execute()
        {
            LockHandle? handle = null;
            try
            {
                handle = _failure is null ? owner.CreateVerifiedHandle(time, allowUnreliable) : null;
            }
            catch (Exception e)
            {
                _failure = e;
            }

            if (handle is null && _failure is null)
            {
                owner.Enqueue(this, isFirst: true);
            }
            else if (!TryEnd())
            {
                handle?.Dispose();
            }
            else if (handle is not null)
            {
                SetResult(handle);
            }
            else
            {
                SetException(_failure!);
            }
        }

        // Methods, since a fresh process compiles two more for lambdas.
        private static void Tick(object? waiter) => ((Waiter)waiter!).Tick();

        private static void Leave(object? waiter) => ((Waiter)waiter!).Leave();

        private void Tick()
        {
            try
            {
                TimeSpan left = Left();
                if (left < -_tolerance)
                {
                    // A machine that is always a little late must not put the end off for good.
                    _tolerance = Extension;
                    _extension += Extension - left;
                    left = Extension;
                }

                if (left <= TimeSpan.Zero)
                {
                    Leave();
                }
                else if (!HasEnded)
                {
                    Set(left);
                }
            }
            catch (Exception e)
            {
                // A clock of the program's own that throws: on a thread of the pool that would end the process.
                if (TryEnd())
                {
                    owner.Remove(this);
                    SetException(e);
                }
            }
        }

        private void Set(TimeSpan left) => _timer?.Change(left < LongestTick ? left : LongestTick, Timeout.InfiniteTimeSpan);

        private TimeSpan Left() => timeout + _extension - time.GetElapsedTime(_start);

        private void Leave()
        {
            if (TryEnd())
            {
                owner.Remove(this);
                SetResult(null);
            }
        }

        private bool TryEnd()
        {
            if (Interlocked.Exchange(ref _hasEnded, 1) != 0)
            {
                return false;
            }

            CleanUp();
            return true;
        }

        private void CleanUp()
        {
            _timer?.Dispose();
            _cancellation.Unregister();
        }
    }
}
