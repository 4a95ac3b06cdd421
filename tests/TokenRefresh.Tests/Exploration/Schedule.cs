using System.Globalization;
using System.Text;
using TokenRefresh.Tests.Exploration.Model;

namespace TokenRefresh.Tests.Exploration;

/// <summary>One path through a scenario: at each point the index of the step taken, as one line of text.</summary>
internal sealed class Schedule
{
    internal const string Variable = "TOKENREFRESH_SCHEDULE";

    private const string Digits = "0123456789abcdefghijklmnopqrstuvwxyz";

    private readonly StringBuilder _choices = new();
    private readonly StringBuilder _text = new();
    private int _steps;

    internal void Add(int choice, string step)
    {
        _choices.Append(Digits[choice]);
        _text.Append(CultureInfo.InvariantCulture, $"{++_steps,5} [{Digits[choice]}] {step}\n");
    }

    internal string Describe(Scenario scenario, string broken) =>
        $"{broken}\n\nScenario '{scenario.Name}', step by step:\n{_text}\nTo walk just this path again: {Variable}={scenario.Name}:{_choices}\n";

    /// <summary>Reads the choices for a scenario; <see langword="null"/> if the text is about another one.</summary>
    internal static IReadOnlyList<int>? Parse(Scenario scenario, string? text) =>
        text?.Split(':') is [var name, var choices] && name == scenario.Name ? [.. choices.Select(c => Digits.IndexOf(c, StringComparison.Ordinal))] : null;

    /// <summary>Walks one path and writes it down, up to its end or to the first rule it breaks.</summary>
    internal static string? Walk(Scenario scenario, IReadOnlyList<int> choices)
    {
        var world = new World(scenario);
        var schedule = new Schedule();
        for (var i = 0; world.Rules.Broken is null; i++)
        {
            IReadOnlyList<Step> steps = world.Steps();
            if (steps.Count == 0)
            {
                world.Rules.AtEnd();
                Recovery.Run(world);
                break;
            }

            int choice = i < choices.Count ? choices[i] : 0;
            schedule.Add(choice, steps[choice].Text);
            world.Take(steps[choice]);
        }

        return world.Rules.Broken is { } broken ? schedule.Describe(scenario, broken) : null;
    }
}
