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
        Exploring.AssertNoticedAsync(Scenarios.Expired with { Decorate = s => new StaleReadStore(s) }, Rules.OnlyWhatWasRead);

    [Fact]
    [FailureMode("F22")]
    public Task Skipping_the_read_after_the_preparation_is_noticed_when_the_lock_file_is_deleted() =>
        Exploring.AssertNoticedAsync(Scenarios.LockFileDeleted with { Decorate = s => new OneReadStore(s) }, Rules.OnlyWhatWasRead);

    [Fact]
    [FailureMode("F2")]
    public Task Releasing_before_the_save_is_noticed() =>
        Exploring.AssertNoticedAsync(Scenarios.Expired with { Decorate = s => new EarlyReleaseStore(s) }, Rules.AnsweredTokensAreUsed);

    [Fact]
    [FailureMode("F52")]
    public Task Replaying_twice_is_noticed() =>
        Exploring.AssertNoticedAsync(Scenarios.LostTwice with { Decorate = s => new UncountedAttemptsStore(s) }, Rules.OneReplay);

    [Fact]
    [FailureMode("F80")]
    public Task Committing_without_a_compare_is_noticed() =>
        Exploring.AssertNoticedAsync(Scenarios.Login with { Decorate = s => new BlindCommitStore(s) }, Rules.CompareAndCommit);

    [Fact]
    [FailureMode("F34")]
    public Task Presenting_the_predecessor_of_unsaved_tokens_is_noticed() =>
        Exploring.AssertNoticedAsync(
            Scenarios.ExpiredTwice with
            {
                Processes = [[Scenarios.RefreshTwice], [Scenarios.RefreshOnce]],
                Faults = new() { FailedSaves = 1 },
                BeforeRefresh = provider => provider.State.Unsaved = null,
            },
            Rules.AnsweredTokensAreUsed);

    [Fact]
    [FailureMode("F100")]
    public Task A_limit_that_beats_the_answer_that_is_there_is_noticed() =>
        Exploring.AssertNoticedAsync(
            Scenarios.Slept with
            {
                Limit = (time, clock) =>
                {
                    var limit = new CancellationTokenSource(time, clock);
                    return (limit, limit.Token);
                },
            },
            Rules.AnsweredTokensAreUsed);

    [Fact]
    [FailureMode("F101")]
    public Task Forgetting_what_is_used_is_noticed_when_the_whole_directory_is_put_back() =>
        Exploring.AssertNoticedAsync(
            Scenarios.Restored with { BeforeRefresh = provider => provider.ForgetWhatIsUsed() }, Rules.AnsweredTokensAreUsed);

    [Fact]
    [FailureMode("F101")]
    public Task Forgetting_what_is_used_is_noticed_when_the_lock_file_is_made_anew() =>
        Exploring.AssertNoticedAsync(
            Scenarios.PoorerRecord with { BeforeRefresh = provider => provider.ForgetWhatIsUsed() }, Rules.AnsweredTokensAreUsed);

    [Fact]
    [FailureMode("F37")]
    public Task Clearing_the_attempt_too_early_is_noticed() =>
        Exploring.AssertNoticedAsync(
            Scenarios.Expired with { Faults = new() { Crashes = 1 }, Decorate = s => new EarlyClearedAttemptStore(s) },
            Rules.LostLoginsAreExplained);

    [Fact]
    [FailureMode("F8")]
    public Task Sharing_a_descriptor_without_the_queue_is_noticed() =>
        Exploring.AssertNoticedAsync(Scenarios.TwoProviders with { IsQueueing = false }, Rules.OneExchangeAtATime);
}
