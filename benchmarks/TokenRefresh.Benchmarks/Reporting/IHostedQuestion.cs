namespace TokenRefresh.Benchmarks.Reporting;

/// <summary>What a class of BenchmarkDotNet benchmarks says of itself.</summary>
internal interface IHostedQuestion
{
    string Title { get; }

    string Setting { get; }

    IReadOnlyList<Target> GetTargets(HostedResults results);
}
