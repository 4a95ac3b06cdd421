using TokenRefresh.Tests.Exploration.Model;

namespace TokenRefresh.Tests.Exploration;

/// <summary>
/// Walks every interleaving of a scenario, with states that were seen before left aside: for each path from its beginning again, or from
/// where it parts from the former one, if the world can be copied.
/// </summary>
/// <remarks>
/// Sound because what comes after a state depends on nothing but the state, and the product's part of it is a function of what it has
/// observed.
/// </remarks>
internal sealed class Explorer(IScenario scenario)
{
    // A path this long goes round in circles.
    private const int LongestPath = 2_000;

    private readonly HashSet<UInt128> _seen = [];
    private readonly List<(int Choice, int Count, IWorld? Before)> _path = [];
    private int _paths;
    private int _ends;
    private int _longest;

    /// <summary>Walks everything, or up to the first broken rule.</summary>
    internal Walk WalkAll()
    {
        do
        {
            _paths++;
            if (WalkOne() is { } broken)
            {
                return Result(broken);
            }
        }
        while (Backtrack());
        return Result(broken: null);
    }

    private string? WalkOne()
    {
        (IWorld world, int start) = _path is [.., (_, _, { } before)] ? (before.Fork()!, _path.Count - 1) : (scenario.Begin(), 0);
        for (int depth = start; ; depth++)
        {
            IReadOnlyList<Step> steps = world.Steps;
            if (depth == _path.Count)
            {
                if (!_seen.Add(world.Key()))
                {
                    return null;
                }

                if (steps.Count == 0)
                {
                    _ends++;
                    world.End();
                    return world.Broken;
                }

                _path.Add((0, steps.Count, steps.Count > 1 ? world.Fork() : null));
                _longest = Math.Max(_longest, _path.Count);
            }

            if (steps.Count != _path[depth].Count)
            {
                return $"The walk is not the same twice: after {depth} steps there were {_path[depth].Count} ways to go on, "
                    + $"and now there are {steps.Count}.";
            }

            world.Take(steps[_path[depth].Choice]);
            if (world.Broken is not null || depth == LongestPath)
            {
                return world.Broken ?? $"{Rules.EveryoneEnds}: not after {LongestPath} steps.";
            }
        }
    }

    private bool Backtrack()
    {
        while (_path.Count > 0 && _path[^1].Choice + 1 == _path[^1].Count)
        {
            _path.RemoveAt(_path.Count - 1);
        }

        if (_path.Count == 0)
        {
            return false;
        }

        _path[^1] = _path[^1] with { Choice = _path[^1].Choice + 1 };
        return true;
    }

    private Walk Result(string? broken) => new(
        scenario.Name, _paths, _seen.Count, _ends, _longest, broken is null
            ? null
            : $"{broken}\n\n{Schedule.Walk(scenario, [.. _path.Select(p => p.Choice)]).Text}");
}
