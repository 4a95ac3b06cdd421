namespace TokenRefresh.Tests.Exploration;

/// <summary>One thing that can happen next.</summary>
/// <param name="Text">Who does what, for the printed schedule.</param>
/// <param name="Take">Does it, up to the next scheduling point.</param>
/// <param name="IsOptional">Whether it need not happen: a crash, a lost answer, another program. Time does not wait for it.</param>
internal readonly record struct Step(string Text, Action Take, bool IsOptional = false);
