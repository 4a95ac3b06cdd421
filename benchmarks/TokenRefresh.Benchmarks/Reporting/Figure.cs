using System.Globalization;

namespace TokenRefresh.Benchmarks.Reporting;

/// <summary>Numbers as people compare them: two or three digits that mean something.</summary>
internal static class Figure
{
    internal static string Of(double value) => Math.Abs(value) switch
    {
        >= 100 => value.ToString("#,##0", CultureInfo.InvariantCulture),
        >= 10 => value.ToString("0.0", CultureInfo.InvariantCulture),
        0 => "0",
        _ => value.ToString("0.00", CultureInfo.InvariantCulture),
    };

    internal static string Count(double value) => value.ToString("#,##0", CultureInfo.InvariantCulture);

    internal static string Ratio(double value, double of) => of > 0 ? Of(value / of) : "";
}
