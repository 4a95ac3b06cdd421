namespace TokenRefresh.Benchmarks.Reporting;

/// <summary>A benchmark that BenchmarkDotNet cannot host, since what it measures happens between processes, or between a moment and many callers.</summary>
internal interface IQuestion
{
    /// <summary>Measures.</summary>
    /// <param name="isQuick">Few rounds: to see that it runs, and roughly what comes out.</param>
    Task<Answer> AskAsync(bool isQuick);
}
