namespace TokenRefresh.Tests.Exploration.Model;

/// <summary>
/// An operating system process: it dies as a whole, and its one descriptor of the lock file excludes no one inside it, so its leases are
/// queued.
/// </summary>
internal sealed class ModelProcess(World world, string name, bool isQueueing)
{
    private readonly List<LockWait> _queue = [];
    private ModelProvider? _holder;

    internal string Name { get; } = name;

    /// <summary>Gets whether the leases of this process are queued, as the product's engine does.</summary>
    internal bool IsQueueing { get; } = isQueueing;

    internal List<ModelProvider> Providers { get; } = [];

    internal bool IsAlive { get; private set; } = true;

    /// <summary>A single try: refused too while the process waits for the lock on behalf of another lease.</summary>
    internal ModelLease? TryAcquire(ModelProvider provider) => (_queue.Count == 0 || !IsQueueing) && CanLock ? Grant(provider) : null;

    internal bool CanGrant(LockWait wait) => CanLock && (_queue[0] == wait || !IsQueueing);

    internal void Enqueue(LockWait wait) => _queue.Add(wait);

    internal void Leave(LockWait wait) => _queue.Remove(wait);

    internal ModelLease Grant(ModelProvider provider)
    {
        _holder = provider;
        return new ModelLease(provider, world.Locks.Lock(this));
    }

    /// <summary>Hands the lock to the next lease in the queue, or gives it back to the system.</summary>
    internal void Release(ModelLease lease)
    {
        world.Locks.DropTempFile(lease);
        if (IsQueueing && _queue.Count > 0 && world.Locks.IsAtPath(lease))
        {
            LockWait next = _queue[0];
            _queue.RemoveAt(0);
            next.Granted = Grant(next.Owner);
            return;
        }

        _holder = _holder == lease.Owner ? null : _holder;
        world.Locks.Unlock(lease);
    }

    /// <summary>Kills the process: nothing it awaits ever completes.</summary>
    internal void Crash()
    {
        IsAlive = false;
        _queue.Clear();
        _holder = null;
        world.Locks.Forget(this);
        foreach (ModelProvider provider in Providers)
        {
            provider.Abandon();
        }
    }

    internal void AddTo(ref StateHash state)
    {
        state.Add(IsAlive);
        state.Add(_holder?.Name);
        foreach (LockWait wait in _queue)
        {
            state.Add(wait.Owner.Name);
        }
    }

    private bool CanLock => (_holder is null || !IsQueueing) && world.Locks.IsFree(this);
}

/// <summary>A wait for the lock. Where the grant and the end of the wait come together, either may win.</summary>
internal sealed class LockWait(
    ModelProvider owner, TimeSpan deadline, CancellationToken cancellation) : Operation<ModelLease?>(owner, cancellation)
{
    internal ModelLease? Granted { get; set; }

    internal override TimeSpan? Deadline => deadline;

    internal override void AddSteps(List<Step> steps)
    {
        ModelProcess process = Owner.Process;
        if (Granted is { } lease)
        {
            steps.Add(new(Owner.Name, "is handed the lock", () => Complete(lease, observed: 1)));
            return;
        }

        if (process.CanGrant(this))
        {
            steps.Add(new(Owner.Name, "gets the lock it waited for", () =>
            {
                process.Leave(this);
                Complete(process.Grant(Owner), observed: 1);
            }));
        }

        if (IsCancelled)
        {
            steps.Add(new(Owner.Name, "stops waiting for the lock", () =>
            {
                process.Leave(this);
                Fail(new OperationCanceledException());
            }));
        }
        else if (Owner.World.Elapsed >= deadline)
        {
            steps.Add(new(Owner.Name, "gives up on the lock", () =>
            {
                process.Leave(this);
                Complete(null, observed: 2);
            }));
        }
    }

    internal override void AddTo(ref StateHash state)
    {
        state.Add("lock");
        state.Add(Granted is not null);
        state.Add(IsCancelled);
        state.Add(deadline.Ticks);
    }
}
