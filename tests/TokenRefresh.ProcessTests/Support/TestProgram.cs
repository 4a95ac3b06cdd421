using TokenRefresh.TestKit;

namespace TokenRefresh.ProcessTests;

/// <summary>Where the child program is.</summary>
internal static class TestProgram
{
    private static string? _copy;

    public static string Path { get; } = TestProcessPath.Of(typeof(TestProgram).Assembly);

    /// <summary>
    /// Gets the path of a copy that every user reaches: the tests may lie below a directory that only their own user enters, as root's home
    /// is
    /// and what <c>mktemp -d</c> makes.
    /// </summary>
    public static string ReachablePath => LazyInitializer.EnsureInitialized(ref _copy, static () => ProgramCopy.Make(Path));
}
