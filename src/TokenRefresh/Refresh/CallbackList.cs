namespace TokenRefresh.Refresh;

/// <summary>The events of one refresh, sign-in or sign-out, to be handed to the <see cref="CallbackQueue"/> when it is over.</summary>
/// <remarks>
/// Not earlier: a callback that stores a login or asks for a token would then wait for the operation that it is told of. Not for concurrent
/// use.
/// </remarks>
internal sealed class CallbackList(TokenRefreshEvents events)
{
    private List<Callback>? _callbacks;

    internal void Refreshed(TokensRefreshedEvent e) => Add(nameof(events.Refreshed), events.Refreshed, e);

    internal void Adopted(TokensAdoptedEvent e) => Add(nameof(events.Adopted), events.Adopted, e);

    internal void SaveFailed(SaveFailedEvent e) => Add(nameof(events.SaveFailed), events.SaveFailed, e);

    internal void TokensDiscarded(TokensDiscardedEvent e) => Add(nameof(events.TokensDiscarded), events.TokensDiscarded, e);

    internal void SignInRequired(SignInRequiredEvent e) => Add(nameof(events.SignInRequired), events.SignInRequired, e);

    internal void DamagedFileMoved(DamagedFileMovedEvent e) => Add(nameof(events.DamagedFileMoved), events.DamagedFileMoved, e);

    internal void MoveTo(CallbackQueue queue)
    {
        if (_callbacks is { } callbacks)
        {
            _callbacks = null;
            queue.Add(callbacks);
        }
    }

    private void Add<T>(string name, Func<T, ValueTask>? callback, T e)
        where T : class
    {
        if (callback is not null)
        {
            (_callbacks ??= []).Add(new Callback(name, () => callback(e)));
        }
    }
}

/// <summary>One call of a user's callback.</summary>
internal sealed class Callback(string name, Func<ValueTask> call)
{
    internal string Name { get; } = name;

    internal ValueTask InvokeAsync() => call();
}
