using FluentAssertions;

namespace TokenRefresh.Tests.Docs;

/// <summary>docs/recipes.md shows the code of samples/Recipes, and nothing else.</summary>
public sealed class RecipesTests
{
    private static readonly DocumentPage Page = new("docs/recipes.md");

    private static readonly string[] Recipes = [.. Directory.GetFiles(Path.Combine(Readme.Root, "samples", "Recipes"), "*.cs")];

    [Fact]
    public void Every_block_of_code_is_a_region_of_a_recipe_and_the_other_way_round()
    {
        string[] regions = [.. Recipes.SelectMany(Regions.Of)];

        regions.Should().NotBeEmpty();
        Page.CodeBlocks.Should().BeEquivalentTo(regions);
    }

    [Fact]
    public void Every_recipe_runs()
    {
        string program = File.ReadAllText(Recipes.Single(path => Path.GetFileName(path) == "Program.cs"));

        var idle = Recipes.Select(path => Path.GetFileNameWithoutExtension(path))
            .Where(name => name != "Program" && !program.Contains($" {name}.RunAsync", StringComparison.Ordinal));

        idle.Should().BeEmpty();
    }
}
