namespace Worker;

/// <summary>How many reports to read, and what happens after each.</summary>
internal sealed record ReportPlan(int Reports, Action<int> AfterEach);
