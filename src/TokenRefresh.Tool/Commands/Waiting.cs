namespace TokenRefresh.Tool.Commands;

/// <summary>Says on a terminal what is awaited, where that takes longer than a second.</summary>
internal static class Waiting
{
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(1);

    internal static ValueTask<AccessToken> ForAsync(ValueTask<AccessToken> token, CoordinatedTokenProvider tokens, ToolHost host) =>
        token.IsCompleted || !host.IsErrorTerminal ? token : new(SayAsync(token.AsTask(), tokens, host));

    private static async Task<AccessToken> SayAsync(Task<AccessToken> token, CoordinatedTokenProvider tokens, ToolHost host)
    {
        if (await Task.WhenAny(token, Task.Delay(Quiet, host.Time)).ConfigureAwait(false) != token)
        {
            TokenRefreshStatus status = await tokens.GetStatusAsync().ConfigureAwait(false);
            host.Error.WriteLine(
                status.LockHolder is { } holder && holder.ProcessId != Environment.ProcessId
                    ? $"token-refresh: waiting for process {holder}, which holds the lock ..."
                    : "token-refresh: waiting for the token endpoint ...");
        }

        return await token.ConfigureAwait(false);
    }
}
