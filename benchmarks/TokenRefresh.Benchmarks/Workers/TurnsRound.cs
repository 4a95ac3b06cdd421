using TokenRefresh.Benchmarks.Reporting;

namespace TokenRefresh.Benchmarks.Workers;

/// <summary>One release of the lock, and when each of those behind it had had its turn.</summary>
internal sealed record TurnsRound(long ReleasedAt, IReadOnlyList<WorkerReport> Takers, TimeSpan Hold)
{
    internal double TotalMilliseconds => Ticks.ToMilliseconds(Takers.Max(report => report.HeldAt) - ReleasedAt);

    /// <summary>Gets what remains when all turns have followed each other without a gap.</summary>
    internal double IdealMilliseconds => Takers.Count * Hold.TotalMilliseconds;

    internal double Loss => (TotalMilliseconds - IdealMilliseconds) / TotalMilliseconds;

    internal double CpuMilliseconds => Takers.Sum(report => report.Cpu.TotalMilliseconds);

    internal int Exceptions => Takers.Sum(report => report.Exceptions);
}
