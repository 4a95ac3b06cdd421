namespace TokenRefresh.WindowsPath;

/// <summary>
/// Names the rows of <c>docs/failure-modes.md</c> that a scenario covers; <c>.ci/failure-modes.cs</c> reads them from the source.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class FailureModeAttribute(params string[] rows) : Attribute
{
    public IReadOnlyList<string> Rows => rows;
}
