using FluentAssertions;

namespace TokenRefresh.Tests.Exploration;

/// <summary>
/// Runs walks on a thread of their own: no context, and a stack on which every continuation of the product runs inside the step that caused
/// it.
/// </summary>
internal static class Exploring
{
    private const int DefaultSeed = 20260101;
    private const int StackSize = 64 * 1024 * 1024;

    [ThreadStatic]
    private static bool _isWalking;

    /// <summary>
    /// Gets whether this thread walks: then it starts activities by the hundred thousand, which are nothing to a test that listens to all
    /// there are.
    /// </summary>
    internal static bool IsWalking => _isWalking;

    /// <summary>
    /// Walks all of a scenario, or just the schedule that the environment names. Fewer states than the least would mean that the explorer
    /// does not see what it should.
    /// </summary>
    internal static async Task AssertHoldsAsync(IScenario scenario, int leastStates)
    {
        if (Schedule.Find(scenario, Environment.GetEnvironmentVariable(Schedule.Variable)) is { } choices)
        {
            (string? broken, string text) = await RunAsync(() => Schedule.Walk(scenario, choices));
            TestContext.Current.TestOutputHelper?.WriteLine(text);
            broken.Should().BeNull();
            return;
        }

        Walk walk = await RunAsync(() => new Explorer(scenario).WalkAll());

        AssertHolds(walk, leastStates);
    }

    /// <summary>
    /// Takes a sample of a scenario, of that many paths or as many as the environment says, or just the schedule that it names.
    /// </summary>
    internal static async Task AssertSampleHoldsAsync(IScenario scenario, int paths, int leastStates)
    {
        if (Schedule.Find(scenario, Environment.GetEnvironmentVariable(Schedule.Variable)) is not null)
        {
            await AssertHoldsAsync(scenario, leastStates);
            return;
        }

        Walk walk = await RunAsync(() => new Sampler(scenario, FromEnvironment(Sampler.SeedVariable) ?? DefaultSeed)
            .Take(FromEnvironment(Sampler.PathsVariable) ?? paths));

        AssertHolds(walk, leastStates);
    }

    /// <summary>
    /// Walks a scenario with a bug in it up to the rule that this breaks. The printed line is walked again: what a failure hands to its
    /// reader must lead to that failure.
    /// </summary>
    internal static async Task AssertNoticedAsync(IScenario scenario, string rule)
    {
        Walk walk = await RunAsync(() => new Explorer(scenario).WalkAll());

        walk.Failure.Should().StartWith(rule);
        IReadOnlyList<int> choices = Schedule.Find(scenario, walk.Failure)!;
        (string? broken, string text) = await RunAsync(() => Schedule.Walk(scenario, choices));
        walk.Failure.Should().StartWith(broken).And.EndWith(text);
    }

    internal static Task<T> RunAsync<T>(Func<T> walk)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(
            () =>
            {
                _isWalking = true;
                try
                {
                    done.SetResult(walk());
                }
                catch (Exception e)
                {
                    done.SetException(e);
                }
            },
            StackSize)
        { IsBackground = true, Name = nameof(Explorer) };
        thread.Start();
        return done.Task;
    }

    /// <summary>Gets a number that the environment names.</summary>
    internal static int? FromEnvironment(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), System.Globalization.CultureInfo.InvariantCulture, out int value)
            ? value
            : null;

    private static void AssertHolds(Walk walk, int leastStates)
    {
        TestContext.Current.TestOutputHelper?.WriteLine(walk.Summary);
        Assert.True(walk.Failure is null, walk.Failure);
        walk.States.Should().BeGreaterThanOrEqualTo(leastStates, "an explorer that walks less has lost sight of something");
    }
}
