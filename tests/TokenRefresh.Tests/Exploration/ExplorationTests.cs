using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Exploration;

/// <summary>
/// All interleavings of the production transaction in two processes, or two providers of one. How it works and what it walks stands in
/// <c>tests/README.md</c>.
/// </summary>
public sealed class ExplorationTests
{
    [Fact]
    [FailureMode("F1", "F2", "F3")]
    public Task One_expiry_costs_one_request() => Exploring.AssertHoldsAsync(Scenarios.Expired, leastStates: 500);

    [Fact]
    [FailureMode("F1", "F3")]
    public Task Two_expiries_cost_two_requests() => Exploring.AssertHoldsAsync(Scenarios.ExpiredTwice, leastStates: 1_500);

    [Fact]
    [FailureMode("F1", "F3")]
    public Task A_token_that_both_had_rejected_is_replaced_once() => Exploring.AssertHoldsAsync(Scenarios.Rejected, leastStates: 500);

    [Fact]
    [FailureMode("F3")]
    public Task A_token_that_one_had_rejected_is_replaced_once() => Exploring.AssertHoldsAsync(Scenarios.RejectedByOne, leastStates: 40);

    [Fact]
    [FailureMode("F1", "F8")]
    public Task Two_providers_of_one_process_refresh_once() => Exploring.AssertHoldsAsync(Scenarios.TwoProviders, leastStates: 500);

    [Fact]
    [FailureMode("F37", "F52")]
    public Task A_lost_answer_and_a_kill_lose_the_login_only_where_the_server_takes_no_token_twice_and_that_is_said() =>
        Exploring.AssertHoldsAsync(Scenarios.LostAndKilled, leastStates: 9_000);

    [Fact]
    [FailureMode("F37", "F52")]
    public Task With_a_reuse_window_a_lost_answer_and_a_kill_lose_nothing() =>
        Exploring.AssertHoldsAsync(Scenarios.LostAndKilled.WithWindow(), leastStates: 10_000);

    [Fact]
    [FailureMode("F52")]
    public Task After_two_lost_answers_no_one_replays_again_soon() => Exploring.AssertHoldsAsync(Scenarios.LostTwice, leastStates: 2_000);

    [Fact]
    [FailureMode("F52")]
    public Task With_a_reuse_window_two_lost_answers_lose_nothing() =>
        Exploring.AssertHoldsAsync(Scenarios.LostTwice.WithWindow(), leastStates: 2_500);

    [Fact]
    [FailureMode("F52")]
    public Task A_request_that_was_given_up_is_replayed_once() => Exploring.AssertHoldsAsync(Scenarios.TimedOut, leastStates: 1_000);

    [Fact]
    [FailureMode("F52")]
    public Task With_a_reuse_window_a_request_that_was_given_up_loses_nothing() =>
        Exploring.AssertHoldsAsync(Scenarios.TimedOut.WithWindow(), leastStates: 1_000);

    [Fact]
    [FailureMode("F100")]
    public Task An_answer_that_was_there_before_the_limit_fired_is_read() =>
        Exploring.AssertHoldsAsync(Scenarios.Slept, leastStates: 7_000);

    [Fact]
    [FailureMode("F37", "F52")]
    public Task A_rejected_token_an_answer_lost_and_a_kill_are_survived_alike() =>
        Exploring.AssertHoldsAsync(Scenarios.RejectedLostAndKilled, leastStates: 200);

    [Fact]
    [FailureMode("F37")]
    public Task A_refused_connection_spends_no_token() => Exploring.AssertHoldsAsync(Scenarios.RefusedAndKilled, leastStates: 3_000);

    [Fact]
    [FailureMode("F34", "F37")]
    public Task Tokens_that_cannot_be_saved_are_kept_and_their_predecessor_not_presented() =>
        Exploring.AssertHoldsAsync(Scenarios.UnsavedAndKilled, leastStates: 12_000);

    [Fact]
    [FailureMode("F34", "F37")]
    public Task With_a_reuse_window_tokens_that_cannot_be_saved_lose_nothing() =>
        Exploring.AssertHoldsAsync(Scenarios.UnsavedAndKilled.WithWindow(), leastStates: 12_000);

    [Fact]
    [FailureMode("F84")]
    public Task A_disposal_at_any_moment_loses_nothing() => Exploring.AssertHoldsAsync(Scenarios.Disposed, leastStates: 2_500);
}
