namespace TokenRefresh.Refresh;

/// <summary>The note of an attempt, for as long as the call runs that makes it.</summary>
/// <remarks>A client of the user's own may go on in the background after it has answered. What it announced then would be noted, and sent, without the lease.</remarks>
internal sealed class SendingAnnouncement(Func<CancellationToken, ValueTask> note)
{
    private readonly object _lock = new();
    private Task _running = Task.CompletedTask;
    private bool _isClosed;

    /// <exception cref="InvalidOperationException">The call is over.</exception>
    internal ValueTask MakeAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_isClosed)
            {
                throw new InvalidOperationException("The token request is over and its lock given back, so nothing may be sent for it any more. Announce and send before 'RefreshAsync' returns.");
            }

            Task made = note(cancellationToken).AsTask();
            _running = Task.WhenAll(_running, made);
            return new(made);
        }
    }

    /// <summary>Refuses every further announcement, and completes when none is under way, however it ended.</summary>
    internal async ValueTask CloseAsync()
    {
        Task running;
        lock (_lock)
        {
            _isClosed = true;
            running = _running;
        }

        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
