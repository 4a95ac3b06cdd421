using Microsoft.Extensions.Logging;

namespace TokenRefresh.Hosting;

/// <summary>
/// Refreshes a login before anyone else would: programs that share it read a fresh token, and no request waits for an exchange.
/// </summary>
/// <remarks>
/// Several of them, in one process or on many machines, share the work: each draws another moment in the first fifth of the margin, and
/// those that come later find the new token stored.
/// </remarks>
internal sealed class FreshKeeper(CoordinatedTokenProvider tokens, TimeSpan margin, ILogger logger, TimeProvider time)
{
    /// <summary>How much later than the margin a token may be replaced, as a share of it.</summary>
    internal const double Spread = 0.2;

    // By the wall clock, since timers stand still while the machine sleeps: after it wakes, the next look is this far away at most.
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    // The file keeps seconds or milliseconds, a token just obtained keeps all.
    private static readonly TimeSpan Rounding = TimeSpan.FromSeconds(2);

    private readonly double _share = 1 - (Spread * Random.Shared.NextDouble());
    private string? _problem;

    /// <summary>Runs until it is cancelled.</summary>
    internal async Task RunAsync(CancellationToken end)
    {
        try
        {
            while (true)
            {
                await LookAsync(end).ConfigureAwait(false);
                await Task.Delay(Interval, time, end).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
        }
    }

    /// <summary>Looks at the store and the clock, and refreshes if it is time.</summary>
    internal async Task LookAsync(CancellationToken end)
    {
        try
        {
            AccessToken token = await tokens.GetAccessTokenAsync(end).ConfigureAwait(false);
            TokenRefreshStatus status = await tokens.GetStatusAsync(end).ConfigureAwait(false);
            if (status.AccessTokenExpiresAt is { } stored
                && token.ExpiresAt is { } known
                && (stored - known).Duration() > Rounding)
            {
                // Another login, or another program's refresh: what counts is when that expires.
                token = await tokens.RenewAccessTokenAsync(token, end).ConfigureAwait(false);
            }

            if (token.ExpiresAt - time.GetUtcNow() <= MarginOf(status))
            {
                token = await tokens.RenewAccessTokenAsync(token, end).ConfigureAwait(false);
            }

            Tell(token.ExpiresAt is null ? "The expiry of the access token is not known, so it cannot be kept fresh." : null);
        }
        catch (TokenRefreshException e)
        {
            Tell(e.Message);
        }
    }

    // Tokens that live for less than two margins are replaced when half of their life is over. How long one lives is known of those that a
    // refresh brought; one of unknown age is taken for an old one.
    private TimeSpan MarginOf(TokenRefreshStatus status)
    {
        TimeSpan? half = (status.AccessTokenExpiresAt - status.LastRefreshAt) / 2;
        return _share * (half < margin ? half.Value : margin);
    }

    private void Tell(string? problem)
    {
        if (problem == _problem)
        {
            return;
        }

        _problem = problem;
        if (problem is null)
        {
            HostingLog.KeptAgain(logger);
        }
        else
        {
            HostingLog.NotKept(logger, problem);
        }
    }
}
