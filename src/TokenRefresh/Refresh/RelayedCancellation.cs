namespace TokenRefresh.Refresh;

/// <summary>Is cancelled when another token is, but on a thread of its own.</summary>
/// <remarks>
/// Whoever waits for a lease goes on right where the wait is cancelled, up to the callers of a flight. That must not be inside the disposal of this provider, which one of them may be waiting for, nor inside a caller's own <c>Cancel</c>.
/// </remarks>
internal sealed class RelayedCancellation : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly CancellationTokenRegistration _registration;

    internal RelayedCancellation(CancellationToken from) => _registration = from.UnsafeRegister(static source => _ = ((CancellationTokenSource)source!).CancelAsync(), _source);

    internal CancellationToken Token => _source.Token;

    /// <summary>Cancels right here.</summary>
    internal void Cancel() => _source.Cancel();

    public void Dispose()
    {
        // In this order: it waits for a relay that is under way, which needs the source.
        _registration.Dispose();
        _source.Dispose();
    }
}
