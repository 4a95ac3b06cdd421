namespace TokenRefresh.Refresh;

/// <summary>The events of one refresh, sign-in or sign-out, to be handed to the <see cref="CallbackQueue"/> when it is over.</summary>
/// <remarks>
/// Not earlier: a callback that stores a login or asks for a token would then wait for the operation that it is told of. Not for concurrent
/// use.
/// </remarks>
internal sealed class CallbackList(TokenRefreshEvents events)
{
    private List<Callback>? _callbacks;

    internal void Refreshed(TokensRefreshedEvent e)
    {
        if (events.Refreshed is { } callback)
        {
            Add(nameof(events.Refreshed), () => callback(e));
        }
    }

    internal void Adopted(TokensAdoptedEvent e)
    {
        if (events.Adopted is { } callback)
        {
            Add(nameof(events.Adopted), () => callback(e));
        }
    }

    internal void SaveFailed(SaveFailedEvent e)
    {
        if (events.SaveFailed is { } callback)
        {
            Add(nameof(events.SaveFailed), () => callback(e));
        }
    }

    internal void TokensDiscarded(TokensDiscardedEvent e)
    {
        if (events.TokensDiscarded is { } callback)
        {
            Add(nameof(events.TokensDiscarded), () => callback(e));
        }
    }

    internal void SignInRequired(SignInRequiredEvent e)
    {
        if (events.SignInRequired is { } callback)
        {
            Add(nameof(events.SignInRequired), () => callback(e));
        }
    }

    internal void DamagedFileMoved(DamagedFileMovedEvent e)
    {
        if (events.DamagedFileMoved is { } callback)
        {
            Add(nameof(events.DamagedFileMoved), () => callback(e));
        }
    }

    internal void MoveTo(CallbackQueue queue)
    {
        if (_callbacks is { } callbacks)
        {
            _callbacks = null;
            queue.Add(callbacks);
        }
    }

    private void Add(string name, Func<ValueTask> call) => (_callbacks ??= []).Add(new Callback(name, call));
}

/// <summary>One call of a user's callback.</summary>
internal sealed class Callback(string name, Func<ValueTask> call)
{
    internal string Name { get; } = name;

    internal ValueTask InvokeAsync() => call();
}
