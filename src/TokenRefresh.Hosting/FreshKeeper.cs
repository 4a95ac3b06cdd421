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

    /// <summary>How often it looks.</summary>
    /// <remarks>By the wall clock, since timers stand still while the machine sleeps: after it wakes, the next look is this far away at
    /// most.</remarks>
    internal static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    /// <summary>How long it waits at least from one refresh to the next.</summary>
    /// <remarks>A clock that differs from the server's can make each new token look due at once.</remarks>
    internal static readonly TimeSpan LeastPause = TimeSpan.FromMinutes(1);

    // Not stored, so that it is replaced by what is, or by what a refresh brings.
    private static readonly AccessToken None = new("none");

    private readonly double _share = 1 - (Spread * Random.Shared.NextDouble());
    private string? _problem;
    private long? _renewedAt;

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

    /// <summary>Looks at the store and the clock, and refreshes if it is time. Never asks the user to sign in.</summary>
    internal async Task LookAsync(CancellationToken end)
    {
        try
        {
            TokenRefreshStatus status = await tokens.GetStatusAsync(end).ConfigureAwait(false);
            if (FindObstacle(status) is { } obstacle)
            {
                Tell(obstacle);
                return;
            }

            if (!IsDue(status, margin, _share))
            {
                Tell(null);
                return;
            }

            if (_renewedAt is { } last && time.GetElapsedTime(last) < LeastPause)
            {
                return;
            }

            _renewedAt = time.GetTimestamp();
            AccessToken due = status.State == TokenRefreshState.SignedIn
                ? await tokens.GetAccessTokenAsync(end).ConfigureAwait(false)
                : None;
            AccessToken token = await tokens.RenewAccessTokenAsync(due, end).ConfigureAwait(false);
            if (token.Value != due.Value)
            {
                Tell(null);
            }
        }
        catch (TokenRefreshException e)
        {
            Tell(e.Message);
        }
    }

    /// <summary>Whether a login that can be refreshed is to be refreshed now.</summary>
    /// <param name="status">What is known of it.</param>
    /// <param name="margin">How long before its expiry.</param>
    /// <param name="share">The share of the margin that this keeper has drawn.</param>
    internal static bool IsDue(TokenRefreshStatus status, TimeSpan margin, double share) =>
        status.State != TokenRefreshState.SignedIn
        || !(status.AccessTokenExpiresAt - status.ReadAt > share * MarginOf(status, margin));

    private static string? FindObstacle(TokenRefreshStatus status) => status.State switch
    {
        TokenRefreshState.SignedIn when status.AccessTokenExpiresAt is null =>
            "The expiry of the access token is not known, so it cannot be kept fresh.",
        TokenRefreshState.SignedOut => status.Problem ?? $"There is no login in '{status.Location}'. Sign in.",
        TokenRefreshState.SignInRequired or TokenRefreshState.ExpiredNotRefreshable or TokenRefreshState.Unreadable =>
            status.Problem ?? $"The login in '{status.Location}' cannot be refreshed. Sign in again.",
        _ => null,
    };

    // Tokens that live for less than two margins are replaced when half of their life is over. How long one lives is known of those that a
    // refresh brought; one of unknown age is taken for an old one.
    private static TimeSpan MarginOf(TokenRefreshStatus status, TimeSpan margin)
    {
        TimeSpan? half = (status.AccessTokenExpiresAt - status.LastRefreshAt) / 2;
        return half < margin ? half.Value : margin;
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
