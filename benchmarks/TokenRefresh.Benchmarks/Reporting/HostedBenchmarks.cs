using System.Reflection;
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
    /// <summary>Runs what the filter leaves of these classes, all of it in one program that is built once.</summary>
    internal static IEnumerable<(Type Type, Answer Answer)> Run(Type[] types, Regex filter, bool isQuick)
    {
        Job job = isQuick
            ? Job.Default.WithToolchain(InProcessEmitToolchain.Instance)
                .WithWarmupCount(2).WithIterationCount(4).WithIterationTime(TimeInterval.FromMilliseconds(100))
            : Job.Default.WithArguments([new MsBuildArgument("/p:RunAnalyzers=false")])
                .WithWarmupCount(6).WithIterationCount(15).WithIterationTime(TimeInterval.FromMilliseconds(250));
        var log = new AccumulationLogger();
        IConfig config = ManualConfig.CreateEmpty()
            .AddJob(job)
            .AddColumnProvider(DefaultColumnProviders.Instance)
            .AddDiagnoser(MemoryDiagnoser.Default)
            .AddLogger(log)
            .AddFilter(new SimpleFilter(benchmark => Matches(filter, benchmark.Descriptor.Type, benchmark.Descriptor.WorkloadMethod)))
            .HideColumns("Error", "StdDev", "Median", "RatioSD", "Gen0", "Gen1", "Gen2", "Alloc Ratio")
            .HideColumns("Job", "Arguments", "IterationCount", "IterationTime", "WarmupCount", "Toolchain")
            .WithBuildTimeout(TimeSpan.FromMinutes(10))
            .WithOption(ConfigOptions.DisableLogFile, true);

        Type[] asked = [.. types.Where(type => type.GetMethods().Any(method => Matches(filter, type, method)))];
        Summary[] summaries = asked.Length == 0 ? [] : BenchmarkRunner.Run(asked, config);
        foreach (Summary summary in summaries.Where(summary => summary.BenchmarksCases.Length > 0))
        {
            if (summary.HasCriticalValidationErrors
                || summary.Reports.Length < summary.BenchmarksCases.Length
                || summary.Reports.Any(report => report.ResultStatistics is null))
            {
                throw new InvalidOperationException($"{summary.Title} did not run:\n{log.GetLog()}");
            }

            Type type = summary.BenchmarksCases[0].Descriptor.Type;
            yield return (type, AnswerOf(summary, (IHostedQuestion)Activator.CreateInstance(type)!));
        }
    }

    private static bool Matches(Regex filter, Type type, MethodInfo method) =>
        filter.IsMatch(type.FullName!) || filter.IsMatch($"{type.FullName}.{method.Name}");

    private static Answer AnswerOf(Summary summary, IHostedQuestion question)
    {
        var markdown = new AccumulationLogger();
        MarkdownExporter.GitHub.ExportToLog(summary, markdown);
        string[][] rows = [.. markdown.GetLog().Split('\n').Where(line => line.StartsWith('|')).Select(Cells)];
        var table = new Table(rows[0]);
        foreach (string[] row in rows.Skip(2))
        {
            table.Add(row);
        }

        var results = new HostedResults(summary);
        return new Answer(question.Title, question.Setting, [("", table.ToString())], results.HasAll ? question.GetTargets(results) : []);
    }

    // Descriptions with blanks come quoted, the quotes escaped.
    private static string[] Cells(string row) =>
        [.. row.Trim().Trim('|').Split('|').Select(cell => cell.Replace("&#39;", "", StringComparison.Ordinal).Trim())];
}
