namespace TokenRefresh.Benchmarks.FreshProcesses;

/// <summary>One expiry that fresh processes met together.</summary>
/// <param name="ServedMilliseconds">From the release of all processes until the last caller of the last one was served.</param>
/// <param name="CpuMilliseconds">The processor time of all of them in that time.</param>
/// <param name="Methods">How many methods each process compiled, in ascending order.</param>
/// <param name="TokenRequests">How many token requests the server counted.</param>
internal sealed record FirstExpiryRound(double ServedMilliseconds, double CpuMilliseconds, IReadOnlyList<long> Methods, int TokenRequests)
{
    /// <summary>Gets the methods of the process that refreshed: it does all that a waiter does, and more.</summary>
    internal long LeaderMethods => Methods[^1];

    /// <summary>Gets the median of the methods of the others.</summary>
    internal long WaiterMethods => Methods[(Methods.Count - 1) / 2];
}
