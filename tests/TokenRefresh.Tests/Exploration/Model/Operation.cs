namespace TokenRefresh.Tests.Exploration.Model;

/// <summary>Something the product awaits: it happens when the explorer lets it.</summary>
internal abstract class Operation(ModelProvider owner, CancellationToken cancellation)
{
    internal ModelProvider Owner { get; } = owner;

    /// <summary>Gets the moment at which the operation ends by itself, if it has one.</summary>
    internal virtual TimeSpan? Deadline => null;

    // Read by the explorer instead of a registration: a callback would make the product's CancelAsync hop to another thread.
    protected bool IsCancelled => cancellation.IsCancellationRequested;

    internal abstract void AddSteps(List<Step> steps);

    internal abstract void AddTo(ref StateHash state);

    /// <summary>Ends an operation whose cancellation no one can tell from its absence.</summary>
    internal virtual void Settle()
    {
    }
}

/// <summary>An operation with a result, of which the product's state is a function.</summary>
internal abstract class Operation<T>(ModelProvider owner, CancellationToken cancellation = default) : Operation(owner, cancellation)
{
    // Without RunContinuationsAsynchronously: the product goes on inside the step that completes this.
    private readonly TaskCompletionSource<T> _completion = new();

    internal Task<T> Start()
    {
        Owner.Begin(this);
        return _completion.Task;
    }

    protected void Complete(T result, UInt128 observed)
    {
        Owner.End(this, observed);
        _completion.SetResult(result);
    }

    protected void Fail(Exception failure)
    {
        var observed = default(StateHash);
        observed.Add(failure.GetType().Name);
        Owner.End(this, observed.Value);
        if (failure is OperationCanceledException)
        {
            _completion.SetCanceled(new CancellationToken(canceled: true));
        }
        else
        {
            _completion.SetException(failure);
        }
    }
}
