using FluentAssertions;

namespace TokenRefresh.Tests.Conventions;

public sealed class RoomTests
{
    [Fact]
    public void Each_room_uses_only_the_rooms_below_it()
    {
        var files = SourceFile.Below("src/TokenRefresh");

        Rooms.Violations(files).Should().BeEmpty();
    }

    [Theory]
    [InlineData("Refresh", "namespace TokenRefresh.Refresh;\nusing TokenRefresh.Locking;", "names the room Locking")]
    [InlineData("Refresh", "namespace TokenRefresh.Refresh;\nusing TokenRefresh.Stores;", "names the room Stores")]
    [InlineData("Refresh", "namespace TokenRefresh.Refresh;\ninternal sealed class A(LockFixture x);", "uses LockFixture of Locking")]
    [InlineData(
        "Locking",
        "namespace TokenRefresh.Locking;\ninternal sealed class A { Locking.LockFixture? _x; TokenRefresh.Stores.B? _y; }",
        "names the room Stores")]
    [InlineData("Http", "namespace TokenRefresh;\ninternal sealed class A(Word word);", "uses Word of the words")]
    [InlineData("Garage", "namespace TokenRefresh.Garage;\ninternal sealed class A;", "is no room")]
    public void A_reference_against_the_direction_is_found(string room, string source, string expected)
    {
        using var tree = new SourceTreeFixture();
        tree.Add("", "public sealed class Word;");
        tree.Add("Locking", "internal sealed class LockFixture;");
        tree.Add(room, source);

        Rooms.Violations(tree.Read()).Should().ContainSingle().Which.Should().Contain(expected);
    }

    [Theory]
    [InlineData("Stores", "namespace TokenRefresh.Stores;\nusing TokenRefresh.Locking;\ninternal sealed class A(LockFixture x);")]
    [InlineData(
        "Refresh",
        "namespace TokenRefresh.Refresh;\n// as LockFixture does\ninternal sealed class A { string S => \"LockFixture\"; "
        + "object? O => this.LockFixture; }")]
    [InlineData(
        "Stores",
        "namespace TokenRefresh.Stores;\ninternal sealed class A { int WordOfRefresh { get; } A B() => new() { WordOfRefresh = 1 }; "
        + "bool C => this is { WordOfRefresh: 1 }; }")]
    public void A_reference_along_the_direction_and_a_mere_mention_are_not(string room, string source)
    {
        using var tree = new SourceTreeFixture();
        tree.Add("Locking", "internal sealed class LockFixture;");
        tree.Add("Refresh", "internal static class WordOfRefresh;");
        tree.Add(room, source);

        Rooms.Violations(tree.Read()).Should().BeEmpty();
    }

    private sealed class SourceTreeFixture : IDisposable
    {
        private readonly TempDirectory _root = new();
        private int _count;

        public void Add(string room, string source)
        {
            DirectoryInfo folder = Directory.CreateDirectory(Path.Combine(_root.Path, room));
            File.WriteAllText(Path.Combine(folder.FullName, $"File{++_count}.cs"), source);
        }

        public IReadOnlyList<SourceFile> Read() => SourceFile.Below(_root.Path);

        public void Dispose() => _root.Dispose();
    }
}
