using System.Text.RegularExpressions;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Filters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Perfolizer.Horology;

namespace TokenRefresh.Benchmarks.Reporting;

/// <summary>The benchmarks that BenchmarkDotNet hosts, with its table turned into an answer.</summary>
internal static class HostedBenchmarks
{
    internal static Answer? Run(Type type, Regex filter, bool isQuick)
    {
        Job job = isQuick
            ? Job.Default.WithToolchain(InProcessEmitToolchain.Instance).WithWarmupCount(2).WithIterationCount(4).WithIterationTime(TimeInterval.FromMilliseconds(100))
            : Job.Default.WithWarmupCount(6).WithIterationCount(15).WithIterationTime(TimeInterval.FromMilliseconds(250));
        var log = new AccumulationLogger();
        IConfig config = ManualConfig.CreateEmpty()
            .AddJob(job)
            .AddColumnProvider(DefaultColumnProviders.Instance)
            .AddDiagnoser(MemoryDiagnoser.Default)
            .AddLogger(log)
            .AddFilter(new SimpleFilter(benchmark => filter.IsMatch(type.FullName!) || filter.IsMatch($"{type.FullName}.{benchmark.Descriptor.WorkloadMethod.Name}")))
            .HideColumns("Error", "StdDev", "Median", "RatioSD", "Gen0", "Gen1", "Gen2", "Alloc Ratio", "Job", "IterationCount", "IterationTime", "WarmupCount", "Toolchain")
            .WithOption(ConfigOptions.DisableLogFile, true);

        Summary summary = BenchmarkRunner.Run(type, config);
        if (summary.BenchmarksCases.Length == 0)
        {
            return null;
        }

        if (summary.HasCriticalValidationErrors || summary.Reports.Any(report => report.ResultStatistics is null))
        {
            throw new InvalidOperationException($"{type.Name} did not run:\n{log.GetLog()}");
        }

        var table = new AccumulationLogger();
        MarkdownExporter.GitHub.ExportToLog(summary, table);
        string[][] rows = [.. table.GetLog().Split('\n').Where(line => line.StartsWith('|')).Select(Cells)];
        var aligned = new Table(rows[0]);
        foreach (string[] row in rows.Skip(2))
        {
            aligned.Add(row);
        }

        IHostedQuestion question = (IHostedQuestion)Activator.CreateInstance(type)!;
        var results = new HostedResults(summary);
        return new Answer(question.Title, question.Setting, [("", aligned.ToString())], results.HasAll ? question.GetTargets(results) : []);
    }

    // Descriptions with blanks come quoted, the quotes escaped.
    private static string[] Cells(string row) => [.. row.Trim().Trim('|').Split('|').Select(cell => cell.Replace("&#39;", "", StringComparison.Ordinal).Trim())];
}
