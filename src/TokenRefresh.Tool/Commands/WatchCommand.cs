using System.CommandLine;
using Microsoft.Extensions.Logging;
using TokenRefresh.Tool.Storage;

namespace TokenRefresh.Tool.Commands;

/// <summary>Shows live what happens to a login: a line per event, and on a terminal the present state below. Only reads.</summary>
internal static class WatchCommand
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    internal static Command Create(ToolHost host)
    {
        var command = new Command("watch", "Shows live what happens to the login, a line per event. Only reads; runs until it is ended.");
        command.SetProfileAction(
            host,
            async (_, profile, _) =>
            {
                var log = new ToolLog(host.Out, LogLevel.None, host.Time);
                using var end = new EndSignals();
                CoordinatedTokenProvider tokens = profile.CreateProvider();
                await using (tokens.ConfigureAwait(false))
                {
                    await RunAsync(tokens, log, host, end.Token, profile.Store.Kind).ConfigureAwait(false);
                }

                return ExitCode.Healthy;
            });
        return command;
    }

    internal static async Task RunAsync(
        CoordinatedTokenProvider tokens, ToolLog log, ToolHost host, CancellationToken end, StoreKind store = StoreKind.File)
    {
        TokenRefreshStatus? last = null;
        try
        {
            while (true)
            {
                TokenRefreshStatus status = await tokens.GetStatusAsync(end).ConfigureAwait(false);
                DateTimeOffset now = host.Time.GetUtcNow();
                string[] events = [.. Events(last, status, now, store)];
                if (host.IsOutputTerminal)
                {
                    // The last line is the state, and is written over.
                    host.Out.Write("\r\e[K");
                }

                foreach (string line in events)
                {
                    log.Write(line);
                }

                if (host.IsOutputTerminal)
                {
                    host.Out.Write(StateLine(status, now));
                }

                last = status;
                await Task.Delay(Interval, host.Time, end).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            if (host.IsOutputTerminal)
            {
                host.Out.WriteLine();
            }
        }
    }

    /// <summary>Says what happened between two looks.</summary>
    internal static IEnumerable<string> Events(
        TokenRefreshStatus? last, TokenRefreshStatus status, DateTimeOffset now, StoreKind store = StoreKind.File)
    {
        if (last is null)
        {
            yield return $"{status.Location}: {Words.State(status)}";
        }

        if (last?.LockHolder is { } before && status.LockHolder != before)
        {
            yield return $"process {before} released the lock";
        }

        if (status.LockHolder is { } holder && last?.LockHolder != holder)
        {
            yield return $"process {holder} took the lock";
        }

        if (last is not null && status.LastRefreshAt is not null && status.LastRefreshAt != last.LastRefreshAt)
        {
            yield return $"refreshed; the access token expires {Words.Moment(status.AccessTokenExpiresAt, now)}";
        }
        else if (last is not null && status.AccessTokenExpiresAt is { } expiry && expiry != last.AccessTokenExpiresAt)
        {
            yield return $"another login or another program's tokens were stored; they expire {Words.Moment(expiry, now)}";
        }

        if (last is not null && status.State != last.State)
        {
            yield return Words.State(status);
        }

        if (status.Problem is { } problem && problem != last?.Problem)
        {
            yield return Words.OfTool(problem, store);
        }
    }

    private static string StateLine(TokenRefreshStatus status, DateTimeOffset now) =>
        status.AccessTokenExpiresAt is { } expiry && expiry > now ? $"{Words.State(status)}, {Words.Length(expiry - now)} left"
        : Words.State(status);
}
