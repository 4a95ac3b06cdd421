using TokenRefresh.Benchmarks.Reporting;

namespace TokenRefresh.Benchmarks.Workers;

/// <summary>One moment at which the wait of all waiters ends, and when each of them knew.</summary>
/// <param name="SavedAt">The moment: the save, the answer of the server, or the end of the leader.</param>
/// <param name="Waiters">What the waiters saw.</param>
internal sealed record HandOffRound(long SavedAt, IReadOnlyList<WorkerReport> Waiters)
{
    private readonly double[] _delays = [.. Waiters.Select(report => Ticks.ToMilliseconds(report.HeldAt - SavedAt)).Order()];

    internal int TokenRequests { get; init; }

    /// <summary>Gets how long after the server's answer the leader's own caller had the token.</summary>
    internal double LeaderMilliseconds { get; init; }

    /// <summary>Gets whether all of them ended with the same token, or all with the expected failure.</summary>
    internal bool HaveOneToken { get; init; }

    internal double MedianMilliseconds => _delays.Median();

    internal double LastMilliseconds => _delays[^1];

    internal double CpuMilliseconds => Waiters.Sum(report => report.Cpu.TotalMilliseconds);

    internal int Exceptions => Waiters.Sum(report => report.Exceptions);
}
