namespace TokenRefresh.Benchmarks.Reporting;

/// <summary>What one question brought: what was done, the tables, and the targets.</summary>
/// <param name="Title">The question.</param>
/// <param name="Setting">What was done, so that the figures can be read.</param>
/// <param name="Tables">A caption and a table each.</param>
/// <param name="Targets">Measured against what should be.</param>
internal sealed record Answer(
    string Title, string Setting, IReadOnlyList<(string Caption, string Table)> Tables, IReadOnlyList<Target> Targets);
