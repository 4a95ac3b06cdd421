#:property PublishAot=false

// From the repository's root, after `dotnet test --results-directory artifacts/test-results`:
//   dotnet run .ci/failure-modes.cs -- [--check] artifacts/test-results
// Writes docs/failure-modes.md from .ci/failure-modes.txt and the results, or, with --check, compares it. Fails where a row is not covered
// as its flags say.
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;

const string Document = "docs/failure-modes.md";
const string ProcessTests = "TokenRefresh.ProcessTests";
const string WindowsPath = "TokenRefresh.WindowsPath";
const string CiScript = ".ci/run";
const int WidestLine = 138;
string[] projects = ["TokenRefresh.Tests", ProcessTests];

var isCheck = args.Contains("--check");
var results = args.Single(a => a != "--check");
var problems = new List<string>();

var rows = ReadRows(".ci/failure-modes.txt");
List<Test> tests = [.. ReadTests(results), .. ReadChecks()];
foreach (var id in tests.Select(t => t.Id).Distinct().Except(rows.Select(r => r.Id)))
{
    problems.Add($"a test has the trait of a row '{id}' that .ci/failure-modes.txt lacks");
}

var text = Write();
if (!isCheck)
{
    Directory.CreateDirectory(Path.GetDirectoryName(Document)!);
    File.WriteAllText(Document, text);
}
else if (!File.Exists(Document) || File.ReadAllText(Document) != text)
{
    var committed = File.Exists(Document) ? File.ReadAllLines(Document) : [];
    var shown = text.Split('\n');
    problems.Add($"{Document} is not what this run showed; write it with: dotnet run .ci/failure-modes.cs -- {results}\n"
        + string.Join('\n', committed.Except(shown).Select(l => "- " + l).Concat(shown.Except(committed).Select(l => "+ " + l))));
}

problems.ForEach(p => Console.Error.WriteLine($"failure modes: {p}"));
Console.WriteLine(
    $"failure modes: {rows.Count} rows, {rows.Count(r => OfRow(r).Any(t => t.Result == "passed"))} with a passing test, "
    + $"{rows.Count(r => r.IsOpen)} open, {problems.Count} problems");
return problems.Count == 0 ? 0 : 1;

List<Row> ReadRows(string path)
{
    var read = new List<Row>();
    var section = "";
    foreach (var line in File.ReadLines(path))
    {
        if (line.StartsWith("## ", StringComparison.Ordinal))
        {
            section = line[3..];
        }
        else if (line.Split('|', 3, StringSplitOptions.TrimEntries) is [var id, var flags, var title])
        {
            read.Add(new Row(section, id, flags.Split(' ', StringSplitOptions.RemoveEmptyEntries), title));
        }
    }

    return read;
}

// One entry per row and test method: a theory's cases count as one, and its worst result stands for all.
List<Test> ReadTests(string folder)
{
    var assemblies = Directory.EnumerateFiles(folder, "*.xunit.xml")
        .SelectMany(f => XDocument.Load(f).Descendants("assembly"))
        .GroupBy(a => Path.GetFileNameWithoutExtension((string)a.Attribute("name")!))
        .Select(g => (Project: g.Key, Run: g.MaxBy(a => DateTimeOffset.Parse((string)a.Attribute("start-rtf")!))!))
        .ToList();
    foreach (var project in projects.Except(assemblies.Select(a => a.Project)))
    {
        problems.Add($"'{folder}' holds no results of {project}");
    }

    return [.. from assembly in assemblies
               from test in assembly.Run.Descendants("test")
               from trait in test.Descendants("trait")
               where (string?)trait.Attribute("name") == "FailureMode"
               group test by (
                   assembly.Project,
                   Id: (string)trait.Attribute("value")!,
                   Name: $"{((string)test.Attribute("type")!).Split('.', '+')[^1]}.{(string)test.Attribute("method")!}") into cases
               let outcomes = cases.Select(c => (string)c.Attribute("result")!).ToHashSet()
               select new Test(
                   cases.Key.Id,
                   cases.Key.Project,
                   cases.Key.Name,
                   outcomes.Contains("Fail") ? "failed" : outcomes.Contains("Pass") ? "passed" : "skipped",
                   cases.Select(c => c.Element("reason")?.Value).FirstOrDefault(r => r is not null))];
}

// What is no test of these two projects: the checks of the Windows path, by its sources, and the steps of .ci/run that name a row.
IEnumerable<Test> ReadChecks() => ReadWindowsChecks().Concat(
    from Match step in Regex.Matches(File.ReadAllText(CiScript), @"step ""(?<row>F\d+): (?<name>[^""]+)""")
    select new Test(step.Groups["row"].Value, CiScript, step.Groups["name"].Value, "checked", null));

IEnumerable<Test> ReadWindowsChecks() =>
    from file in Directory.EnumerateFiles($"tests/{WindowsPath}", "*.cs").Order(StringComparer.Ordinal)
    from Match check in Regex.Matches(
        File.ReadAllText(file),
        @"\[FailureMode\((?<rows>[^)]*)\)\]\s+\w+ (?:async )?Task (?<name>\w+?)(?:Async)?\(")
    from Match row in Regex.Matches(check.Groups["rows"].Value, @"F\d+")
    select new Test(row.Value, WindowsPath, $"{Path.GetFileNameWithoutExtension(file)}.{check.Groups["name"].Value}", "checked", null);

IEnumerable<Test> OfRow(Row row) =>
    tests.Where(t => t.Id == row.Id)
        .OrderBy(t => t.Result == "checked")
        .ThenBy(t => t.Project == ProcessTests)
        .ThenBy(t => t.Name, StringComparer.Ordinal);

string Write()
{
    var document = new StringBuilder("""
        # Failure modes and the tests that hold them

        Generated from a run of all tests on Linux; do not edit. To write it anew:

        ```
        dotnet test --results-directory artifacts/test-results
        dotnet run .ci/failure-modes.cs -- artifacts/test-results
        ```

        `.ci/run` fails when this page is not what its run showed, when a row has no passing test, or when one that speaks of processes,
        signals or files has none with real processes. A row may be skipped only where the platform lacks what it is about; the reason
        says what. *Open* rows wait for a later release, *partly* covered ones have tests for a part. *Checked* are those that a step of
        `.ci/run` holds, or `tests/windows-path`, which is no part of that run; see [windows.md](windows.md).

        """);
    foreach (var section in rows.GroupBy(r => r.Section))
    {
        document.Append($"\n## {section.Key}\n");
        foreach (var row in section)
        {
            var covering = OfRow(row).ToList();
            var kinds = covering.Select(Kind).Distinct();
            string tests = covering.Count == 0 ? "" : $" ({string.Join(", ", kinds)})";
            document.Append($"\n### {row.Id}: {Judge(row, covering)}{tests}\n\n{Wrap(row.Title)}\n");
            document.Append(covering.Count == 0 ? "" : "\n").AppendJoin("", covering.Select(t => Wrap("* " + Show(t)) + "\n"));
        }
    }

    return document.ToString();
}

static string Kind(Test test) => test.Project switch
{
    ProcessTests => "process",
    WindowsPath => "Windows path",
    CiScript => CiScript,
    _ => "in-process",
};

string Show(Test test)
{
    string reason = test.Reason is null ? "" : $": {test.Reason.ReplaceLineEndings(" ")}";
    return $"`{test.Name}`" + (test.Result is "passed" or "checked" ? "" : $" {test.Result}{reason}");
}

static string Wrap(string text)
{
    var lines = new StringBuilder();
    var column = 0;
    foreach (var word in text.Split(' '))
    {
        var breaks = column > 0 && column + 1 + word.Length > WidestLine;
        lines.Append(column == 0 ? "" : breaks ? text.StartsWith("* ", StringComparison.Ordinal) ? "\n  " : "\n" : " ").Append(word);
        column = breaks ? word.Length + 2 : column + 1 + word.Length;
    }

    return lines.ToString();
}

string Judge(Row row, List<Test> covering)
{
    var hasPassed = covering.Any(t => t.Result == "passed");
    if (covering.Any(t => t.Result == "failed"))
    {
        problems.Add($"{row.Id}: a test failed");
        return "failed";
    }

    if (row.IsOpen)
    {
        if (hasPassed)
        {
            problems.Add($"{row.Id}: has a passing test; take its flag 'open' away, or make it 'partly'");
        }

        return "open";
    }

    if (covering.Count == 0)
    {
        problems.Add($"{row.Id}: has no test");
        return "no test";
    }

    if (!hasPassed && covering.Any(t => t.Result == "checked"))
    {
        return "checked";
    }

    if (!hasPassed)
    {
        foreach (var test in covering.Where(t => !IsForeign(t.Reason)))
        {
            problems.Add(
                $"{row.Id}: '{test.Name}' is skipped, but its reason names nothing that this platform lacks "
                + "('Needs Windows ...', 'Needs NFS ...')");
        }

        return "skipped";
    }

    if (row.NeedsProcess && !covering.Any(t => t is { Project: ProcessTests, Result: "passed" }))
    {
        problems.Add($"{row.Id}: speaks of processes, signals or files and has no passing process test");
    }

    return row.IsPartly ? "passed, partly" : "passed";
}

static bool IsForeign(string? reason) =>
    Regex.Match(reason ?? "", @"^Needs (?<what>\w+)") is { Success: true } match
    && !OperatingSystem.IsOSPlatform(match.Groups["what"].Value);

internal sealed record Row(string Section, string Id, string[] Flags, string Title)
{
    public bool NeedsProcess => Flags.Contains("process");

    public bool IsOpen => Flags.Contains("open");

    public bool IsPartly => Flags.Contains("partly");
}

internal sealed record Test(string Id, string Project, string Name, string Result, string? Reason);
