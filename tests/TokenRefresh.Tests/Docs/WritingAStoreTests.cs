using FluentAssertions;

namespace TokenRefresh.Tests.Docs;

/// <summary>docs/writing-a-store.md shows the store of samples/SqliteStore and its tests, and nothing else.</summary>
public sealed class WritingAStoreTests
{
    [Fact]
    public void Every_block_of_code_is_a_region_of_the_store_or_its_tests_and_the_other_way_round()
    {
        string[] files =
        [
            .. Directory.GetFiles(Path.Combine(Readme.Root, "samples", "SqliteStore"), "*.cs"),
            Path.Combine(Readme.Root, "tests", "TokenRefresh.Tests", "Contracts", "SqliteStoreTests.cs"),
        ];

        new DocumentPage("docs/writing-a-store.md").CodeBlocks.Should().NotBeEmpty()
            .And.BeEquivalentTo(files.SelectMany(Regions.Of));
    }
}
