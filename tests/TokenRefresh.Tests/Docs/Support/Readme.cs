using TokenRefresh.Tests.Conventions;

namespace TokenRefresh.Tests.Docs;

/// <summary>The README and its blocks of code.</summary>
internal static class Readme
{
    internal static string Root { get; } = SourceFile.RepositoryRoot;

    internal static DocumentPage Page { get; } = new("README.md");

    internal static IReadOnlyList<string> CodeBlocks { get; } = Page.CodeBlocks;
}
