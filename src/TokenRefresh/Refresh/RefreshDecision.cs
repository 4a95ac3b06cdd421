namespace TokenRefresh.Refresh;

/// <summary>What to do about a login, and until when where that has an end.</summary>
/// <param name="Kind">The step.</param>
/// <param name="Until">When a pause ends.</param>
internal readonly record struct RefreshDecision(RefreshAction Kind, DateTimeOffset? Until = null);
