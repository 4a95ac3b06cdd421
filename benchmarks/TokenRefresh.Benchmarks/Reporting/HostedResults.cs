using BenchmarkDotNet.Reports;

namespace TokenRefresh.Benchmarks.Reporting;

/// <summary>The results of one class, by method.</summary>
internal sealed class HostedResults(Summary summary)
{
    /// <summary>Gets whether the filter left none out.</summary>
    internal bool HasAll => summary.Reports.Length == summary.BenchmarksCases[0].Descriptor.Type.GetMethods()
        .Count(method => method.IsDefined(typeof(BenchmarkDotNet.Attributes.BenchmarkAttribute), inherit: false));

    internal double Nanoseconds(string method) => Of(method).ResultStatistics!.Mean;

    internal long Bytes(string method) => Of(method).GcStats.GetBytesAllocatedPerOperation(Of(method).BenchmarkCase) ?? 0;

    private BenchmarkReport Of(string method) =>
        summary.Reports.Single(report => report.BenchmarkCase.Descriptor.WorkloadMethod.Name == method);
}
