using System.Text.RegularExpressions;
using FluentAssertions;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Conventions;

public sealed partial class SourceTextTests
{
    private const int LongestFile = 370;
    private const int WidestLine = 140;

    private static readonly string[] Wrapped =
    [
        ".ci", "benchmarks", "docs", "samples", "src", "tests", "CHANGELOG.md", "CONTRIBUTING.md", "README.md",
        "Directory.Build.props", "Directory.Packages.props",
    ];

    // The explorer is a program of its own, and the server on the wire serves several rooms.
    private static readonly string[] WithoutSupport = ["Exploration", "Wire"];

    // Scripts have no extension.
    private static readonly string[] TextFiles = [".cs", ".md", ".csproj", ".props", ".targets", ""];

    [Fact]
    public void No_file_is_too_long_to_read_at_night()
    {
        var tooLong = SourceFile.Below("src", "tests", "samples", "benchmarks")
            .Where(f => f.LineCount > LongestFile)
            .Select(f => $"{f}: {f.LineCount} lines");

        tooLong.Should().BeEmpty();
    }

    [Fact]
    public void No_line_is_wider_than_a_window()
    {
        var tooWide = Wrapped.SelectMany(FilesBelow).SelectMany(
            path => File.ReadLines(path).Select((line, i) => (Line: line, Number: i + 1)).Where(l => IsTooWide(path, l.Line)),
            (path, l) => $"{Path.GetRelativePath(SourceFile.RepositoryRoot, path)}({l.Number}): {l.Line.Length} columns");

        tooWide.Should().BeEmpty();
    }

    [Fact]
    public void Nothing_sleeps_and_every_delay_runs_on_a_TimeProvider()
    {
        var untimed = SourceFile.Below("src", "tests")
            .SelectMany(f => Waits().Matches(f.Code).Select(m => (File: f, Call: m.Value)))
            .Where(w => !WaitsOnTimeProvider(w.Call))
            .Select(w => $"{w.File}: {w.Call}");

        untimed.Should().BeEmpty();
    }

    [Theory]
    [InlineData("await Task.Delay(wait, _timeProvider, ct);", true)]
    [InlineData("await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System);", true)]
    [InlineData("await Task.Delay(TimeSpan.FromSeconds(1), ct);", false)]
    [InlineData("await Task.Delay(timeout);", false)]
    [InlineData("Thread.Sleep(1);", false)]
    public void A_delay_is_told_from_one_on_a_TimeProvider(string source, bool isTimed)
    {
        var call = Waits().Match(source).Value;

        WaitsOnTimeProvider(call).Should().Be(isTimed);
    }

    [Fact]
    [FailureMode("F33")]
    public void No_mutex_guards_anything()
    {
        var users = SourceFile.Below("src").Where(f => Mutexes().IsMatch(f.Code)).Select(f => f.Path);

        users.Should().BeEmpty();
    }

    [Fact]
    [FailureMode("F67")]
    public void Awaiting_without_ConfigureAwait_is_an_error_in_the_library()
    {
        var config = File.ReadAllLines(Path.Combine(SourceFile.RepositoryRoot, ".editorconfig"));

        config.Should().Contain("dotnet_diagnostic.CA2007.severity = error");
        SourceFile.Below("src").Where(f => f.Code.Contains("CA2007", StringComparison.Ordinal)).Should().BeEmpty();
    }

    [Fact]
    public void A_file_of_a_test_project_holds_tests_or_lies_in_a_Support_folder()
    {
        var misplaced = SourceFile.Below("tests/TokenRefresh.Tests", "tests/TokenRefresh.ProcessTests")
            .Select(f => (File: f, Folders: f.Room.Split('.')))
            .Where(f => !f.Folders.Intersect(WithoutSupport).Any() && HoldsTests(f.File) == f.Folders.Contains("Support"))
            .Select(f => f.File.Path);

        misplaced.Should().BeEmpty();
    }

    private static bool HoldsTests(SourceFile file) =>
        file.Path.EndsWith("Tests.cs", StringComparison.Ordinal) || file.Code.Contains("[Fact]", StringComparison.Ordinal);

    private static IEnumerable<string> FilesBelow(string place)
    {
        string path = Path.Combine(SourceFile.RepositoryRoot, place);
        return File.Exists(path)
            ? [path]
            : Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories)
                .Where(
                    f =>
                        TextFiles.Contains(Path.GetExtension(f))
                            && !f.Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj"));
    }

    // A row of a table in Markdown cannot be wrapped.
    private static bool IsTooWide(string path, string line) =>
        line.Length > WidestLine && !(path.EndsWith(".md", StringComparison.Ordinal) && line.StartsWith('|'));

    private static bool WaitsOnTimeProvider(string call) =>
        !call.StartsWith("Thread", StringComparison.Ordinal) && TimeSource().IsMatch(call);

    [GeneratedRegex(@"\b(?:Thread\.Sleep|Task\.Delay)\((?:[^()]|\([^()]*\))*\)", RegexOptions.None, 5000)]
    private static partial Regex Waits();

    [GeneratedRegex(@"\b_?(?:timeProvider|TimeProvider|time|clock|Time|Clock)\b", RegexOptions.None, 5000)]
    private static partial Regex TimeSource();

    [GeneratedRegex(@"\b(?:Mutex|EventWaitHandle)\b|\bnew\s+Semaphore\b", RegexOptions.None, 5000)]
    private static partial Regex Mutexes();
}
