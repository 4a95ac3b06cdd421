using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using TokenRefresh.Diagnostics;

namespace TokenRefresh.Coordination;

/// <summary>Runs callbacks one after the other, on its own; whoever raises an event goes on at once.</summary>
internal sealed class EventDispatcher(TokenRefreshEvents events, ILogger logger)
{
    private readonly Channel<(string Name, Func<ValueTask> Call)> _queue = Channel.CreateUnbounded<(string, Func<ValueTask>)>(new() { SingleReader = true });
    private readonly object _monitor = new();
    private Task? _running;

    internal void Refreshed(TokensRefreshedEvent e) => Raise(nameof(events.Refreshed), events.Refreshed, e);

    internal void Adopted(TokensAdoptedEvent e) => Raise(nameof(events.Adopted), events.Adopted, e);

    internal void SaveFailed(SaveFailedEvent e) => Raise(nameof(events.SaveFailed), events.SaveFailed, e);

    internal void PairDropped(PairDroppedEvent e) => Raise(nameof(events.PairDropped), events.PairDropped, e);

    internal void SignInRequired(SignInRequiredEvent e) => Raise(nameof(events.SignInRequired), events.SignInRequired, e);

    /// <summary>Takes no further event and completes when those raised so far have run.</summary>
    internal Task CompleteAsync()
    {
        _queue.Writer.TryComplete();
        lock (_monitor)
        {
            return _running ?? Task.CompletedTask;
        }
    }

    private void Raise<T>(string name, Func<T, ValueTask>? callback, T argument)
    {
        if (callback is null || !_queue.Writer.TryWrite((name, () => callback(argument))))
        {
            return;
        }

        lock (_monitor)
        {
            _running ??= Task.Run(RunAsync);
        }
    }

    private async Task RunAsync()
    {
        await foreach ((string name, Func<ValueTask> call) in _queue.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            try
            {
                await call().ConfigureAwait(false);
            }
            catch (Exception e)
            {
                Log.CallbackFailed(logger, name, e);
            }
        }
    }
}
