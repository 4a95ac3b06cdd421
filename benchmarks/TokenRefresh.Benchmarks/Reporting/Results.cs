using System.Runtime.InteropServices;
using System.Text;
using BenchmarkDotNet.Environments;

namespace TokenRefresh.Benchmarks.Reporting;

/// <summary>Where the tables go: to the console, and to one Markdown file for each question.</summary>
/// <param name="directory">The directory of the files.</param>
/// <param name="isSummaryOnly">Whether only the summary is printed, and no file is written.</param>
internal sealed class Results(string directory, bool isSummaryOnly = false)
{
    private const int LineLength = 140;

    private readonly List<Target> _targets = [];

    private static string MachineHeader { get; } =
        $"```\n{string.Join('\n', HostEnvironmentInfo.GetCurrent().ToFormattedString())}\n"
        + $"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}\n```\n";

    /// <summary>Writes and prints one answer.</summary>
    internal void Add(string name, Answer answer)
    {
        _targets.AddRange(answer.Targets);
        if (isSummaryOnly)
        {
            return;
        }

        var text = new StringBuilder();
        text.Append("# ")
            .Append(answer.Title)
            .Append("\n\n")
            .Append(MachineHeader)
            .Append('\n')
            .Append(Wrap(answer.Setting))
            .Append("\n\n");
        foreach ((string caption, string table) in answer.Tables)
        {
            text.Append(caption.Length == 0 ? "" : caption + "\n\n").Append(table.ReplaceLineEndings("\n")).Append('\n');
        }

        if (answer.Targets.Count > 0)
        {
            text.Append(TargetTable(answer.Targets));
        }

        Write(name, text.ToString());
    }

    /// <summary>Writes and prints what has a target. A part of the questions is no summary.</summary>
    internal void Summarize(bool isWhole)
    {
        if (isSummaryOnly)
        {
            Console.WriteLine();
            Console.WriteLine(TargetTable(_targets));
        }
        else if (isWhole)
        {
            Write("Summary", $"# Measured against the targets\n\n{MachineHeader}\n{TargetTable(_targets)}");
        }
    }

    private static string TargetTable(IEnumerable<Target> targets)
    {
        var table = new Table("figure", "target", "measured", "");
        foreach (Target target in targets)
        {
            string unit = target.Unit.Length == 0 ? "" : $" {target.Unit}";
            table.Add(target.What, $"≤ {Figure.Of(target.Limit)}{unit}", $"{Figure.Of(target.Measured)}{unit}", target.Verdict);
        }

        return table.ToString().ReplaceLineEndings("\n");
    }

    private static string Wrap(string text)
    {
        var wrapped = new StringBuilder();
        var column = 0;
        foreach (string word in text.Split(' '))
        {
            bool fits = column + word.Length < LineLength;
            wrapped.Append(column == 0 ? "" : fits ? " " : "\n").Append(word);
            column = column == 0 || !fits ? word.Length : column + 1 + word.Length;
        }

        return wrapped.ToString();
    }

    private void Write(string name, string text)
    {
        Directory.CreateDirectory(directory);
        File.WriteAllText(Path.Combine(directory, $"{name}.md"), text);
        Console.WriteLine();
        Console.WriteLine(text);
    }
}
