using TokenRefresh.Benchmarks.Reporting;

namespace TokenRefresh.Benchmarks.Workers;

/// <summary>One save, and when each of the waiters had what was saved.</summary>
internal sealed record HandOffRound(long LandedAt, IReadOnlyList<WorkerReport> Waiters)
{
    private readonly double[] _delays = [.. Waiters.Select(report => Ticks.ToMilliseconds(report.HeldAt - LandedAt)).Order()];

    internal int TokenRequests { get; init; }

    internal bool HaveOneToken { get; init; }

    internal double MedianMilliseconds => _delays.Median();

    internal double LastMilliseconds => _delays[^1];

    internal double CpuMilliseconds => Waiters.Sum(report => report.Cpu.TotalMilliseconds);

    internal int Exceptions => Waiters.Sum(report => report.Exceptions);
}
