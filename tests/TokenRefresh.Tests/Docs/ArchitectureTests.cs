using System.Text.RegularExpressions;
using FluentAssertions;
using TokenRefresh.Tests.Conventions;

namespace TokenRefresh.Tests.Docs;

/// <summary>docs/architecture.md shows the rooms as they are held, and names types and tests that exist.</summary>
public sealed partial class ArchitectureTests
{
    private static readonly DocumentPage Page = new("docs/architecture.md");

    private static readonly string[][] Rows = [.. Page.Table("## Where the tests of a type are", "types", keepsQuotes: true)];

    [Fact]
    public void The_picture_of_the_rooms_has_every_room_with_its_arrows()
    {
        var drawn = Box().Matches(Page.Text).Select(match => (
            Room: match.Groups["room"].Value is var room && room == "root" ? "" : room,
            Uses: match.Groups["uses"].Value.Split(", ", StringSplitOptions.RemoveEmptyEntries)));

        drawn.Should().BeEquivalentTo(
            Rooms.Directions.Where(room => room.Key.Length == 0 || !Rooms.ForEveryone.Contains(room.Key))
                .Select(room => (Room: room.Key, Uses: room.Value)));
    }

    [Fact]
    public void Each_type_in_the_table_exists()
    {
        var types = SourceFile.Below("src/TokenRefresh").SelectMany(file => file.Types).Select(type => type.Name);

        Rows.SelectMany(cells => Names(cells[0])).Except(types).Should().BeEmpty();
    }

    [Theory]
    [InlineData("TokenRefresh.Tests", 1)]
    [InlineData("TokenRefresh.ProcessTests", 2)]
    public void Each_test_class_in_the_table_exists(string project, int column)
    {
        var classes = SourceFile.Below($"tests/{project}").SelectMany(file => file.Types).Select(type => type.Name);

        Rows.SelectMany(cells => Names(cells[column])).Except(classes).Should().BeEmpty();
    }

    [Fact]
    public void Each_type_of_the_inner_rooms_is_in_the_table()
    {
        var types = SourceFile.Below("src/TokenRefresh")
            .Where(file => file.Room is "Refresh" or "Record" or "Provider" or "Locking")
            .SelectMany(file => file.Types)
            .Select(type => type.Name)
            .Distinct();

        types.Except(Rows.SelectMany(cells => Names(cells[0]))).Should().BeEmpty();
    }

    [Theory]
    [InlineData("TokenRefresh.Tests", 1)]
    [InlineData("TokenRefresh.ProcessTests", 2)]
    public void Each_test_class_is_in_the_table(string project, int column)
    {
        var classes = SourceFile.Below($"tests/{project}")
            .Where(file => file.Room.Split('.')[^1] is not ("Conventions" or "Docs" or "Support"))
            .SelectMany(file => file.Types)
            .Where(type => type.IsPublic && type.Name.EndsWith("Tests", StringComparison.Ordinal))
            .Select(type => type.Name);

        classes.Except(Rows.SelectMany(cells => Names(cells[column]))).Should().BeEmpty();
    }

    [Fact]
    public void Each_method_in_the_sequence_exists()
    {
        string code = string.Concat(SourceFile.Below("src/TokenRefresh").Select(file => file.Code));
        string sequence = Page.Section("One refresh, and one wait for it");

        Method().Matches(sequence).Select(match => match.Value).Distinct()
            .Where(name => !Regex.IsMatch(code, $@"\b{name}\b"))
            .Should().BeEmpty();
    }

    private static IEnumerable<string> Names(string cell) => Quoted().Matches(cell).Select(match => match.Groups["name"].Value);

    [GeneratedRegex(@"┌ (?<room>[\w.]+)(?: → (?<uses>[\w.]+(?:, [\w.]+)*))? ─", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Box();

    [GeneratedRegex("`(?<name>\\w+)`", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Quoted();

    [GeneratedRegex(@"\b[A-Z]\w+Async\b", RegexOptions.None, 5000)]
    private static partial Regex Method();
}
