using System.Globalization;
using System.Text;

namespace TokenRefresh.Tests.Exploration;

/// <summary>One path through a scenario: at each point the index of the step taken, as one line of text.</summary>
internal static class Schedule
{
    internal const string Variable = "TOKENREFRESH_SCHEDULE";

    private const string Digits = "0123456789abcdefghijklmnopqrstuvwxyz";

    /// <summary>Finds the choices for a scenario in a text that holds them; <see langword="null"/> if it holds none.</summary>
    internal static IReadOnlyList<int>? Find(IScenario scenario, string? text)
    {
        string start = $"{scenario.Name}:";
        string? line = text?.Split(['\n', '='], StringSplitOptions.TrimEntries)
            .FirstOrDefault(l => l.StartsWith(start, StringComparison.Ordinal));
        return line?[start.Length..].Select(c => Digits.IndexOf(c, StringComparison.Ordinal)).ToList();
    }

    /// <summary>Walks one path and writes it down, up to its end or to the first rule it breaks.</summary>
    internal static (string? Broken, string Text) Walk(IScenario scenario, IReadOnlyList<int> choices)
    {
        IWorld world = scenario.Begin();
        var text = new StringBuilder();
        var taken = new StringBuilder();
        while (world.Broken is null && world.Steps.Count > 0)
        {
            int choice = taken.Length < choices.Count ? choices[taken.Length] : 0;
            taken.Append(Digits[choice]);
            text.Append(CultureInfo.InvariantCulture, $"{taken.Length,5} [{Digits[choice]}] {world.Steps[choice]}\n");
            world.Take(world.Steps[choice]);
        }

        if (world.Broken is null)
        {
            world.End();
        }

        return (
            world.Broken,
            $"Scenario '{scenario.Name}', step by step:\n{text}\nTo walk just this path again: {Variable}={scenario.Name}:{taken}\n");
    }
}
