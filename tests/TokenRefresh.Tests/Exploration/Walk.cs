using System.Globalization;

namespace TokenRefresh.Tests.Exploration;

/// <summary>What a walk has seen.</summary>
/// <param name="Scenario">Its name.</param>
/// <param name="Paths">How many schedules were executed, each from the beginning.</param>
/// <param name="States">How many different states they went through.</param>
/// <param name="Ends">In how many different ways all was over.</param>
/// <param name="Longest">The steps of the longest schedule.</param>
/// <param name="Failure">The rule that was broken and the schedule that breaks it, or <see langword="null"/>.</param>
internal sealed record Walk(string Scenario, int Paths, int States, int Ends, int Longest, string? Failure)
{
    internal string Summary =>
        string.Create(CultureInfo.InvariantCulture, $"{Scenario}: {Paths} schedules, {States} states, {Ends} ends, up to {Longest} steps");
}
