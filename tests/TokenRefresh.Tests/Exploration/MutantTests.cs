using FluentAssertions;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Exploration.Model;
using TokenRefresh.Tests.Exploration.Mutants;

namespace TokenRefresh.Tests.Exploration;

/// <summary>
/// Bugs planted around the production transaction, each of which the explorer must find: one that finds nothing anywhere proves nothing.
/// </summary>
public sealed class MutantTests
{
    [Fact]
    [FailureMode("F3")]
    public Task Skipping_the_read_under_the_lease_is_noticed() =>
        AssertNoticedAsync(Scenarios.Expired with { Decorate = s => new StaleReadStore(s) }, Rules.OnlyWhatWasRead);

    [Fact]
    [FailureMode("F22")]
    public Task Skipping_the_read_after_the_preparation_is_noticed_when_the_lock_file_is_deleted() =>
        AssertNoticedAsync(Scenarios.LockFileDeleted with { Decorate = s => new OneReadStore(s) }, Rules.OnlyWhatWasRead);

    [Fact]
    [FailureMode("F2")]
    public Task Releasing_before_the_save_is_noticed() =>
        AssertNoticedAsync(Scenarios.Expired with { Decorate = s => new EarlyReleaseStore(s) }, Rules.OneRequestPerExpiry);

    [Fact]
    [FailureMode("F52")]
    public Task Replaying_twice_is_noticed() =>
        AssertNoticedAsync(Scenarios.LostTwice with { Decorate = s => new UncountedAttemptsStore(s) }, Rules.OneReplay);

    [Fact]
    [FailureMode("F80")]
    public Task Committing_without_a_compare_is_noticed() =>
        AssertNoticedAsync(Scenarios.Login with { Decorate = s => new BlindCommitStore(s) }, Rules.CompareAndCommit);

    [Fact]
    [FailureMode("F34")]
    public Task Presenting_the_predecessor_of_unsaved_tokens_is_noticed() =>
        AssertNoticedAsync(
            Scenarios.ExpiredTwice with
            {
                Processes = [[Scenarios.FlyTwice], [Scenarios.Fly]],
                Faults = new() { FailedSaves = 1 },
                BeforeFlight = state => state.Unsaved = null,
            },
            Rules.AnsweredTokensAreSpent);

    [Fact]
    [FailureMode("F37")]
    public Task Clearing_the_attempt_too_early_is_noticed() =>
        AssertNoticedAsync(
            Scenarios.Expired with { Faults = new() { Crashes = 1 }, Decorate = s => new EarlyClearedAttemptStore(s) },
            Rules.LostLoginsAreExplained);

    [Fact]
    [FailureMode("F8")]
    public Task Sharing_a_descriptor_without_the_queue_is_noticed() =>
        AssertNoticedAsync(Scenarios.TwoProviders with { IsQueueing = false }, Rules.OneExchangeAtATime);

    // The printed line is walked again: what a failure hands to its reader must lead to that failure.
    private static async Task AssertNoticedAsync(Scenario scenario, string rule)
    {
        Walk walk = await Exploring.RunAsync(() => new Explorer(scenario).WalkAll());

        walk.Failure.Should().StartWith(rule);
        IReadOnlyList<int> choices = Schedule.Find(scenario, walk.Failure)!;
        (string? broken, string text) = await Exploring.RunAsync(() => Schedule.Walk(scenario, choices));
        walk.Failure.Should().StartWith(broken).And.EndWith(text);
    }
}
