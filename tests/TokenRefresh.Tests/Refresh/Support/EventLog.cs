using System.Threading.Channels;

namespace TokenRefresh.Tests.Refresh;

/// <summary>Receives every event of a provider, in order.</summary>
internal sealed class EventLog
{
    private readonly Channel<object> _events = Channel.CreateUnbounded<object>();

    internal bool IsEmpty => _events.Reader.Count == 0;

    internal void AttachTo(TokenRefreshOptions options)
    {
        options.Events.Refreshed = KeepAsync;
        options.Events.Adopted = KeepAsync;
        options.Events.SaveFailed = KeepAsync;
        options.Events.TokensDiscarded = KeepAsync;
        options.Events.SignInRequired = KeepAsync;
        options.Events.DamagedFileMoved = KeepAsync;
    }

    /// <summary>Takes the next event, which must come within ten seconds and be of this type.</summary>
    internal async Task<T> NextAsync<T>() => (T)await _events.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10));

    private ValueTask KeepAsync<T>(T e)
        where T : notnull => _events.Writer.WriteAsync(e);
}
