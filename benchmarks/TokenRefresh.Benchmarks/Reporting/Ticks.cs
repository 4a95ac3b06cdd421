using System.Diagnostics;

namespace TokenRefresh.Benchmarks.Reporting;

/// <summary>Figures from ticks and from rounds.</summary>
internal static class Ticks
{
    internal static double ToMilliseconds(long ticks) => ticks * 1000.0 / Stopwatch.Frequency;

    internal static double Median(this IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
