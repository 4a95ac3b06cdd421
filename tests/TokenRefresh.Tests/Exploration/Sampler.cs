namespace TokenRefresh.Tests.Exploration;

/// <summary>Walks random paths of a scenario that is too large to be walked whole; the same ones for the same seed.</summary>
internal sealed class Sampler(IScenario scenario, int seed)
{
    internal const string SeedVariable = "TOKENREFRESH_EXPLORATION_SEED";
    internal const string PathsVariable = "TOKENREFRESH_EXPLORATION_PATHS";

    // A path should see its faults late as often as early.
    private const double ShareOfOptionalSteps = 0.05;

    private readonly Random _random = new(seed);
    private readonly HashSet<UInt128> _states = [];
    private int _longest;

    internal Walk Take(int paths)
    {
        for (var path = 1; path <= paths; path++)
        {
            if (TakeOne() is { } failure)
            {
                return new Walk(scenario.Name, path, _states.Count, path, _longest, failure);
            }
        }

        return new Walk(scenario.Name, paths, _states.Count, paths, _longest, null);
    }

    private string? TakeOne()
    {
        IWorld world = scenario.Begin();
        var choices = new List<int>();
        while (world.Broken is null && world.Steps.Count > 0)
        {
            choices.Add(Choose(world.Steps));
            world.Take(world.Steps[choices[^1]]);
            _states.Add(world.Key());
        }

        _longest = Math.Max(_longest, choices.Count);
        if (world.Broken is null)
        {
            world.End();
        }

        return world.Broken is { } broken ? $"{broken}\n\n{Schedule.Walk(scenario, choices).Text}" : null;
    }

    private int Choose(IReadOnlyList<Step> steps)
    {
        bool isOptional = _random.NextDouble() < ShareOfOptionalSteps;
        int[] likely = [.. Enumerable.Range(0, steps.Count).Where(i => steps[i].IsOptional == isOptional)];
        return likely.Length > 0 ? likely[_random.Next(likely.Length)] : _random.Next(steps.Count);
    }
}
