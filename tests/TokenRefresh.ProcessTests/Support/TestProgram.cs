using TokenRefresh.TestKit;

namespace TokenRefresh.ProcessTests;

/// <summary>Where the child program is.</summary>
internal static class TestProgram
{
    public static string Path { get; } = TestProcessPath.Of(typeof(TestProgram).Assembly);
}
