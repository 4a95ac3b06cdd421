namespace TokenRefresh.Tests.Exploration.Model;

/// <summary>An operation that is always possible and happens in one step.</summary>
internal sealed class Point<T>(
    ModelProvider owner,
    string text,
    Func<T> act,
    ObservedResult<T> observe,
    CancellationToken cancellation = default) : Operation<T>(owner, cancellation)
{
    private List<Fault>? _faults;
    private Action? _happen;

    /// <summary>Adds a way to fail, possible while its budget lasts.</summary>
    internal Point<T> OrFault(string fault, Func<bool> isPossible, Func<Exception> fail)
    {
        (_faults ??= []).Add(new Fault(fault, isPossible, fail));
        return this;
    }

    internal override void AddSteps(List<Step> steps)
    {
        if (IsCancelled)
        {
            steps.Add(new(Owner.Name, "is cancelled", () => Fail(new OperationCanceledException())));
            return;
        }

        steps.Add(new(Owner.Name, text, _happen ??= Happen));
        if (_faults is null)
        {
            return;
        }

        foreach (Fault fault in _faults)
        {
            if (fault.IsPossible())
            {
                steps.Add(new(Owner.Name, fault.Text, () => Fail(fault.Fail()), IsOptional: true));
            }
        }
    }

    internal override void AddTo(ref StateHash state) => state.Add(text);

    private void Happen()
    {
        T result = act();
        var observed = default(StateHash);
        observe(ref observed, result);
        Complete(result, observed.Value);
    }

    private readonly record struct Fault(string Text, Func<bool> IsPossible, Func<Exception> Fail);
}

/// <summary>Adds what the product sees of a result.</summary>
internal delegate void ObservedResult<in T>(ref StateHash observed, T result);
