using System.Globalization;

namespace TokenRefresh;

/// <summary>Checks that each time is within its range, and that the times hold together.</summary>
internal static class TimeRules
{
    internal static void Check(TokenRefreshOptions options, List<string> failures)
    {
        TimeSpan margin = options.RefreshBeforeExpiration;
        TimeSpan skew = options.ExpirationSkew;
        TimeSpan refresh = options.RefreshTimeout;
        TimeSpan attempt = options.AttemptTimeout;
        TimeSpan save = options.SaveTimeout;
        TimeSpan wait = options.LockTimeout;
        int before = failures.Count;
        CheckRange(nameof(options.RefreshBeforeExpiration), margin, 0, 7 * TimeSpan.TicksPerDay, failures);
        CheckRange(nameof(options.ExpirationSkew), skew, 0, 10 * TimeSpan.TicksPerMinute, failures);
        CheckRange(nameof(options.RefreshTimeout), refresh, TimeSpan.TicksPerSecond, 10 * TimeSpan.TicksPerMinute, failures);
        CheckRange(nameof(options.AttemptTimeout), attempt, TimeSpan.TicksPerSecond / 10, 10 * TimeSpan.TicksPerMinute, failures);
        CheckRange(nameof(options.SaveTimeout), save, TimeSpan.TicksPerSecond / 10, TimeSpan.TicksPerMinute, failures);
        CheckRange(nameof(options.LockTimeout), wait, TimeSpan.TicksPerMillisecond, TimeSpan.TicksPerHour, failures);
        CheckRange(
            nameof(options.RefreshTokenReuseWindow),
            options.RefreshTokenReuseWindow.GetValueOrDefault(),
            0,
            TimeSpan.TicksPerHour,
            failures);

        // Within the ranges the sum cannot overflow.
        if (failures.Count > before)
        {
            return;
        }

        if (margin.Ticks > 0 && margin.Ticks <= skew.Ticks)
        {
            failures.Add(
                $"'{nameof(options.RefreshBeforeExpiration)}' is '{Text(margin)}', " +
                $"not more than '{nameof(options.ExpirationSkew)}' ('{Text(skew)}'), " +
                "so that no refresh would ever run in the background. " +
                $"Raise '{nameof(options.RefreshBeforeExpiration)}', lower '{nameof(options.ExpirationSkew)}', " +
                $"or set '{nameof(options.RefreshBeforeExpiration)}' to '00:00:00' to switch background refresh off.");
        }

        if (attempt.Ticks > refresh.Ticks)
        {
            failures.Add(
                $"'{nameof(options.AttemptTimeout)}' is '{Text(attempt)}', " +
                $"more than '{nameof(options.RefreshTimeout)}' ('{Text(refresh)}'), which holds all attempts. " +
                $"Lower '{nameof(options.AttemptTimeout)}' or raise '{nameof(options.RefreshTimeout)}'.");
        }

        if (wait.Ticks <= refresh.Ticks + save.Ticks && options.Mode != TokenRefreshMode.Follow)
        {
            failures.Add(
                $"'{nameof(options.LockTimeout)}' is '{Text(wait)}', not more than '{nameof(options.RefreshTimeout)}' and " +
                $"'{nameof(options.SaveTimeout)}' together ('{Text(refresh + save)}'), " +
                "so that waiters would give up on a holder that is only slow. " +
                $"Raise '{nameof(options.LockTimeout)}', or lower '{nameof(options.RefreshTimeout)}' or '{nameof(options.SaveTimeout)}'.");
        }
    }

    /// <summary>Checks the times of a lock of another program that goes by a heartbeat.</summary>
    internal static void Check(TokenRefreshOptions options, CompatibleLock item, string name, List<string> failures)
    {
        TimeSpan stale = item.StaleAfter;
        TimeSpan heartbeat = item.HeartbeatInterval;
        int before = failures.Count;
        CheckRange($"{name}.{nameof(item.StaleAfter)}", stale, 2 * TimeSpan.TicksPerSecond, TimeSpan.TicksPerHour, failures);
        CheckRange($"{name}.{nameof(item.HeartbeatInterval)}", heartbeat, TimeSpan.TicksPerSecond, TimeSpan.TicksPerHour / 2, failures);
        if (failures.Count > before)
        {
            return;
        }

        if (heartbeat.Ticks > stale.Ticks / 2)
        {
            failures.Add(
                $"'{name}.{nameof(item.HeartbeatInterval)}' is '{Text(heartbeat)}', more than half of " +
                $"'{nameof(item.StaleAfter)}' ('{Text(stale)}'), so that one late heartbeat would lose the lock. " +
                $"Lower '{nameof(item.HeartbeatInterval)}' or raise '{nameof(item.StaleAfter)}'.");
        }

        // Sums of any two times might overflow.
        if (options.RefreshTimeout.Ticks >= stale.Ticks || options.SaveTimeout.Ticks >= stale.Ticks - options.RefreshTimeout.Ticks)
        {
            failures.Add(
                $"'{name}.{nameof(item.StaleAfter)}' is '{Text(stale)}', not more than '{nameof(options.RefreshTimeout)}' " +
                $"('{Text(options.RefreshTimeout)}') and '{nameof(options.SaveTimeout)}' ('{Text(options.SaveTimeout)}') together, " +
                "so that another program could take the lock of a refresh that is only slow. " +
                $"Lower '{nameof(options.RefreshTimeout)}' or '{nameof(options.SaveTimeout)}'.");
        }

        if (options.LockTimeout.Ticks <= heartbeat.Ticks + TimeSpan.TicksPerSecond)
        {
            failures.Add(
                $"'{nameof(options.LockTimeout)}' is '{Text(options.LockTimeout)}', not more than '{name}." +
                $"{nameof(item.HeartbeatInterval)}' ('{Text(heartbeat)}') and a second, so that a lock that was left over would never be " +
                $"recognized. Raise '{nameof(options.LockTimeout)}'.");
        }
    }

    private static void CheckRange(string setting, TimeSpan value, long least, long most, List<string> failures)
    {
        if (value.Ticks < least || value.Ticks > most)
        {
            failures.Add(
                $"'{setting}' is '{Text(value)}'. Set it to a time from '{Text(new TimeSpan(least))}' to '{Text(new TimeSpan(most))}'.");
        }
    }

    private static string Text(TimeSpan value) => value.ToString("c", CultureInfo.InvariantCulture);
}
