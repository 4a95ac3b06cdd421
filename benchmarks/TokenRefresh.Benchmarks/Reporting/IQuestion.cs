namespace TokenRefresh.Benchmarks.Reporting;

/// <summary>
/// A benchmark that BenchmarkDotNet cannot host: what it measures happens between processes, or between a moment and many callers.
/// </summary>
internal interface IQuestion
{
    /// <summary>Measures.</summary>
    /// <param name="effort">How much.</param>
    Task<Answer> AskAsync(Effort effort);
}
