using System.Globalization;

namespace TokenRefresh;

/// <content>Each time is within its range, and the times hold together.</content>
internal sealed partial class OptionsCheck
{
    private void CheckTimes()
    {
        TimeSpan margin = _options.RefreshBeforeExpiration;
        TimeSpan skew = _options.ExpirationSkew;
        TimeSpan refresh = _options.RefreshTimeout;
        TimeSpan attempt = _options.AttemptTimeout;
        TimeSpan save = _options.SaveTimeout;
        TimeSpan wait = _options.LockTimeout;
        int before = _failures.Count;
        CheckRange("RefreshBeforeExpiration", margin, 0, 7 * TimeSpan.TicksPerDay);
        CheckRange("ExpirationSkew", skew, 0, 10 * TimeSpan.TicksPerMinute);
        CheckRange("RefreshTimeout", refresh, TimeSpan.TicksPerSecond, 10 * TimeSpan.TicksPerMinute);
        CheckRange("AttemptTimeout", attempt, TimeSpan.TicksPerSecond / 10, 10 * TimeSpan.TicksPerMinute);
        CheckRange("SaveTimeout", save, TimeSpan.TicksPerSecond / 10, TimeSpan.TicksPerMinute);
        CheckRange("LockTimeout", wait, TimeSpan.TicksPerMillisecond, TimeSpan.TicksPerHour);
        CheckRange("RefreshTokenReuseWindow", _options.RefreshTokenReuseWindow.GetValueOrDefault(), 0, TimeSpan.TicksPerHour);

        // Within the ranges the sum cannot overflow.
        if (_failures.Count > before)
        {
            return;
        }

        if (margin.Ticks > 0 && margin.Ticks <= skew.Ticks)
        {
            Fail(
                $"'RefreshBeforeExpiration' is '{Text(margin)}', not more than 'ExpirationSkew' ('{Text(skew)}'), so that no refresh would "
                + "ever run in the background. Raise 'RefreshBeforeExpiration', lower 'ExpirationSkew', or set 'RefreshBeforeExpiration' "
                + "to '00:00:00' to switch background refresh off.");
        }

        if (attempt.Ticks > refresh.Ticks)
        {
            Fail(
                $"'AttemptTimeout' is '{Text(attempt)}', more than 'RefreshTimeout' ('{Text(refresh)}'), which holds all attempts. Lower "
                + "'AttemptTimeout' or raise 'RefreshTimeout'.");
        }

        if (wait.Ticks <= refresh.Ticks + save.Ticks && _options.Mode != TokenRefreshMode.Follow)
        {
            Fail(
                $"'LockTimeout' is '{Text(wait)}', not more than 'RefreshTimeout' and 'SaveTimeout' together ('{Text(refresh + save)}'), "
                + "so that waiters would give up on a holder that is only slow. Raise 'LockTimeout', or lower 'RefreshTimeout' or "
                + "'SaveTimeout'.");
        }
    }

    // Those of a lock of another program that goes by a heartbeat.
    private void CheckTimes(CompatibleLock item, string name)
    {
        TimeSpan stale = item.StaleAfter;
        TimeSpan heartbeat = item.HeartbeatInterval;
        TimeSpan refresh = _options.RefreshTimeout;
        TimeSpan save = _options.SaveTimeout;
        int before = _failures.Count;
        CheckRange($"{name}.StaleAfter", stale, 2 * TimeSpan.TicksPerSecond, TimeSpan.TicksPerHour);
        CheckRange($"{name}.HeartbeatInterval", heartbeat, TimeSpan.TicksPerSecond, TimeSpan.TicksPerHour / 2);
        if (_failures.Count > before)
        {
            return;
        }

        if (heartbeat.Ticks > stale.Ticks / 2)
        {
            Fail(
                $"'{name}.HeartbeatInterval' is '{Text(heartbeat)}', more than half of 'StaleAfter' ('{Text(stale)}'), so that one late "
                + "heartbeat would lose the lock. Lower 'HeartbeatInterval' or raise 'StaleAfter'.");
        }

        // Sums of any two times might overflow.
        if (refresh.Ticks >= stale.Ticks || save.Ticks >= stale.Ticks - refresh.Ticks)
        {
            Fail(
                $"'{name}.StaleAfter' is '{Text(stale)}', not more than 'RefreshTimeout' ('{Text(refresh)}') and 'SaveTimeout' "
                + $"('{Text(save)}') together, so that another program could take the lock of a refresh that is only slow. Lower "
                + "'RefreshTimeout' or 'SaveTimeout'.");
        }

        if (_options.LockTimeout.Ticks <= heartbeat.Ticks + TimeSpan.TicksPerSecond)
        {
            Fail(
                $"'LockTimeout' is '{Text(_options.LockTimeout)}', not more than '{name}.HeartbeatInterval' ('{Text(heartbeat)}') and a "
                + "second, so that a lock that was left over would never be recognized. Raise 'LockTimeout'.");
        }
    }

    private void CheckRange(string setting, TimeSpan value, long least, long most)
    {
        if (value.Ticks < least || value.Ticks > most)
        {
            Fail($"'{setting}' is '{Text(value)}'. Set it to a time from '{Text(new TimeSpan(least))}' to '{Text(new TimeSpan(most))}'.");
        }
    }

    private static string Text(TimeSpan value) => value.ToString("c", CultureInfo.InvariantCulture);
}
