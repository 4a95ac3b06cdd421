using System.Text.RegularExpressions;

namespace TokenRefresh.Benchmarks;

/// <summary>What is asked for.</summary>
internal sealed record BenchmarkCommand(Regex Filter, bool IsQuick, string Results)
{
    internal const string Usage = """
        --filter PATTERN   which benchmarks: '*' is any text, as in '*' or '*Contention*'; names are Namespace.Class.Method
        --quick            few rounds, under five minutes in all
        --results PATH     where the tables go; default BenchmarkDotNet.Artifacts/results
        """;

    internal static BenchmarkCommand? Parse(string[] args)
    {
        string? filter = null;
        var isQuick = false;
        string results = Path.Combine("BenchmarkDotNet.Artifacts", "results");
        for (var i = 0; i < args.Length; i++)
        {
            switch (args[i])
            {
                case "--quick":
                    isQuick = true;
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

        return filter is null ? null : new BenchmarkCommand(
            new Regex($"^{Regex.Escape(filter).Replace(@"\*", ".*", StringComparison.Ordinal)}$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, TimeSpan.FromSeconds(5)),
            isQuick,
            Path.GetFullPath(results));
    }

    internal bool IsEverything => Filter.ToString() == "^.*$";

    internal bool Concerns(Type type) => Filter.IsMatch($"{type.FullName}.{nameof(Reporting.IQuestion.AskAsync)}") || Filter.IsMatch(type.FullName!);
}
