using TokenRefresh.Tests.Conventions;

namespace TokenRefresh.Tests.Docs;

/// <summary>The README, the pages that it leads to, and their blocks of code.</summary>
internal static class Readme
{
    internal static string Root { get; } = SourceFile.RepositoryRoot;

    internal static DocumentPage Page { get; } = new("README.md");

    internal static DocumentPage Errors { get; } = new("docs/errors.md");

    internal static DocumentPage Http { get; } = new("docs/http.md");

    internal static DocumentPage Limits { get; } = new("docs/limits.md");

    internal static IReadOnlyList<string> CodeBlocks { get; } =
    [
        .. Page.CodeBlocks, .. Errors.CodeBlocks, .. Http.CodeBlocks, .. new DocumentPage("docs/testing.md").CodeBlocks,
        .. new DocumentPage("src/TokenRefresh.Testing/README.md").CodeBlocks,
    ];
}
