using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using TokenRefresh.Diagnostics;

namespace TokenRefresh.Refresh;

/// <summary>Runs callbacks one after the other, on its own; whoever raises an event goes on at once.</summary>
internal sealed class CallbackQueue
{
    private readonly TokenRefreshEvents _events;
    private readonly Chain _queue;
    private readonly Task _over;

    internal CallbackQueue(TokenRefreshEvents events, ILogger logger)
        : this(events, new Chain(logger), Task.CompletedTask)
    {
    }

    private CallbackQueue(TokenRefreshEvents events, Chain queue, Task over)
    {
        _events = events;
        _queue = queue;
        _over = over;
    }

    /// <summary>Gets a dispatcher for what happens within a flight or under a lease: same queue, but the callbacks wait for its end. One that stores or removes a login would otherwise wait for its own caller, and one that asks for a token would join the very flight it is told of.</summary>
    /// <param name="over">Completes at the end, without failing.</param>
    internal CallbackQueue After(Task over) => new(_events, _queue, over);

    internal void Refreshed(TokensRefreshedEvent e) => Raise(nameof(_events.Refreshed), _events.Refreshed, e);

    internal void Adopted(TokensAdoptedEvent e) => Raise(nameof(_events.Adopted), _events.Adopted, e);

    internal void SaveFailed(SaveFailedEvent e) => Raise(nameof(_events.SaveFailed), _events.SaveFailed, e);

    internal void TokensDiscarded(TokensDiscardedEvent e) => Raise(nameof(_events.TokensDiscarded), _events.TokensDiscarded, e);

    internal void SignInRequired(SignInRequiredEvent e) => Raise(nameof(_events.SignInRequired), _events.SignInRequired, e);

    /// <summary>Takes no further event and completes when those raised so far have run.</summary>
    internal Task CompleteAsync() => _queue.CompleteAsync();

    private void Raise<T>(string name, Func<T, ValueTask>? callback, T argument)
    {
        if (callback is not null)
        {
            _queue.Add(new(name, () => callback(argument), _over));
        }
    }

    private readonly record struct Callback(string Name, Func<ValueTask> Call, Task Over);

    private sealed class Chain(ILogger logger)
    {
        private readonly Channel<Callback> _callbacks = Channel.CreateUnbounded<Callback>(new() { SingleReader = true });
        private readonly object _lock = new();
        private Task? _running;

        internal void Add(Callback callback)
        {
            if (!_callbacks.Writer.TryWrite(callback))
            {
                return;
            }

            lock (_lock)
            {
                _running ??= Task.Run(RunAsync);
            }
        }

        internal Task CompleteAsync()
        {
            _callbacks.Writer.TryComplete();
            lock (_lock)
            {
                return _running ?? Task.CompletedTask;
            }
        }

        private async Task RunAsync()
        {
            await foreach (Callback callback in _callbacks.Reader.ReadAllAsync().ConfigureAwait(false))
            {
                await callback.Over.ConfigureAwait(false);
                try
                {
                    await callback.Call().ConfigureAwait(false);
                }
                catch (Exception e)
                {
                    Log.CallbackFailed(logger, callback.Name, e);
                }
            }
        }
    }
}
