using System.Text.RegularExpressions;
using TokenRefresh.Benchmarks.Reporting;

namespace TokenRefresh.Benchmarks;

/// <summary>What is asked for.</summary>
internal sealed record BenchmarkCommand(Regex Filter, Effort Effort, string Results)
{
    internal const string Usage = """
        --filter PATTERN   which benchmarks: '*' is any text, as in '*' or '*Contention*'; names are Namespace.Class.Method
        --quick            few rounds, under six minutes in all
        --figures          only the figures with a target that fresh and waiting processes give, in one table; under three minutes
        --results PATH     where the tables go; default BenchmarkDotNet.Artifacts/results
        """;

    internal bool IsEverything => Filter.ToString() == "^.*$";

    internal static BenchmarkCommand? Parse(string[] args)
    {
        string? filter = null;
        var effort = Effort.Whole;
        string results = Path.Combine("BenchmarkDotNet.Artifacts", "results");
        for (var i = 0; i < args.Length; i++)
        {
            switch (args[i])
            {
                case "--quick":
                    effort = Effort.Quick;
                    break;
                case "--figures":
                    effort = Effort.Figures;
                    filter ??= "*";
                    break;
                case "--filter" when i + 1 < args.Length:
                    filter = args[++i];
                    break;
                case "--results" when i + 1 < args.Length:
                    results = args[++i];
                    break;
                default:
                    return null;
            }
        }

        return filter is null ? null : new BenchmarkCommand(ToRegex(filter), effort, Path.GetFullPath(results));
    }

    internal bool Concerns(Type type) => Filter.IsMatch($"{type.FullName}.{nameof(IQuestion.AskAsync)}") || Filter.IsMatch(type.FullName!);

    private static Regex ToRegex(string pattern) => new(
        $"^{Regex.Escape(pattern).Replace(@"\*", ".*", StringComparison.Ordinal)}$",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant,
        TimeSpan.FromSeconds(5));
}
