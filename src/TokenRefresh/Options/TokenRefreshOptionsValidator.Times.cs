using System.Globalization;

namespace TokenRefresh;

internal sealed partial class TokenRefreshOptionsValidator
{
    private static void CheckTimes(TokenRefreshOptions options, List<string> failures)
    {
        bool margin = InRange(nameof(options.RefreshBeforeExpiration), options.RefreshBeforeExpiration, TimeSpan.Zero, TimeSpan.FromDays(7), failures);
        bool skew = InRange(nameof(options.ExpirationSkew), options.ExpirationSkew, TimeSpan.Zero, TimeSpan.FromMinutes(10), failures);
        bool refresh = InRange(nameof(options.RefreshTimeout), options.RefreshTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10), failures);
        bool attempt = InRange(nameof(options.AttemptTimeout), options.AttemptTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(10), failures);
        bool save = InRange(nameof(options.SaveTimeout), options.SaveTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1), failures);
        bool @lock = InRange(nameof(options.LockTimeout), options.LockTimeout, TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(1), failures);
        if (options.RefreshTokenReuseWindow is { } window)
        {
            InRange(nameof(options.RefreshTokenReuseWindow), window, TimeSpan.Zero, TimeSpan.FromHours(1), failures);
        }

        if (margin && skew && options.RefreshBeforeExpiration > TimeSpan.Zero && options.RefreshBeforeExpiration <= options.ExpirationSkew)
        {
            failures.Add(
                $"'{nameof(options.RefreshBeforeExpiration)}' is '{Text(options.RefreshBeforeExpiration)}', not more than '{nameof(options.ExpirationSkew)}' ('{Text(options.ExpirationSkew)}'), " +
                $"so that no refresh would ever run in the background. Raise '{nameof(options.RefreshBeforeExpiration)}', lower '{nameof(options.ExpirationSkew)}', " +
                $"or set '{nameof(options.RefreshBeforeExpiration)}' to '00:00:00' to switch background refresh off.");
        }

        if (attempt && refresh && options.AttemptTimeout > options.RefreshTimeout)
        {
            failures.Add(
                $"'{nameof(options.AttemptTimeout)}' is '{Text(options.AttemptTimeout)}', more than '{nameof(options.RefreshTimeout)}' ('{Text(options.RefreshTimeout)}'), which holds all attempts. " +
                $"Lower '{nameof(options.AttemptTimeout)}' or raise '{nameof(options.RefreshTimeout)}'.");
        }

        // Within the ranges the sum cannot overflow.
        if (refresh && save && @lock && options.LockTimeout <= options.RefreshTimeout + options.SaveTimeout)
        {
            failures.Add(
                $"'{nameof(options.LockTimeout)}' is '{Text(options.LockTimeout)}', not more than '{nameof(options.RefreshTimeout)}' and '{nameof(options.SaveTimeout)}' together " +
                $"('{Text(options.RefreshTimeout + options.SaveTimeout)}'), so that waiters would give up on a holder that is merely slow. " +
                $"Raise '{nameof(options.LockTimeout)}', or lower '{nameof(options.RefreshTimeout)}' or '{nameof(options.SaveTimeout)}'.");
        }
    }

    private static bool InRange(string setting, TimeSpan value, TimeSpan least, TimeSpan most, List<string> failures)
    {
        if (value >= least && value <= most)
        {
            return true;
        }

        failures.Add($"'{setting}' is '{Text(value)}'. Set it to a time from '{Text(least)}' to '{Text(most)}'.");
        return false;
    }

    private static string Text(TimeSpan value) => value.ToString("c", CultureInfo.InvariantCulture);
}
