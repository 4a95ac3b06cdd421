using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Exploration;

/// <summary>
/// The same walks beside programs that know nothing of the lock, and beside sign-ins and sign-outs that do; and samples of what is too
/// large to be walked.
/// </summary>
public sealed class OtherProgramsExplorationTests
{
    private const int SampledPaths = 2_000;

    [Fact]
    [FailureMode("F34", "F80")]
    public Task A_login_of_another_program_wins_at_any_moment() => Exploring.AssertHoldsAsync(Scenarios.Login, leastStates: 5_000);

    [Fact]
    [FailureMode("F34", "F80")]
    public Task A_logout_of_another_program_wins_at_any_moment() => Exploring.AssertHoldsAsync(Scenarios.Logout, leastStates: 5_000);

    [Fact]
    [FailureMode("F87")]
    public Task A_used_token_that_another_program_puts_back_is_never_presented() =>
        Exploring.AssertHoldsAsync(Scenarios.Rollback, leastStates: 3_000);

    [Fact]
    [FailureMode("F101")]
    public Task What_a_provider_exchanged_it_never_presents_again_though_the_whole_directory_is_put_back() =>
        Exploring.AssertHoldsAsync(Scenarios.Restored, leastStates: 40_000);

    [Fact]
    [FailureMode("F101")]
    public Task What_a_provider_exchanged_it_never_presents_again_though_a_new_lock_file_meets_an_older_file() =>
        AssertSampleAsync(Scenarios.PoorerRecord);

    [Fact]
    [FailureMode("F80")]
    public Task A_login_by_another_process_of_ours_wins() => Exploring.AssertHoldsAsync(Scenarios.OwnLogin, leastStates: 150);

    [Fact]
    [FailureMode("F80")]
    public Task A_logout_by_another_process_of_ours_wins() => Exploring.AssertHoldsAsync(Scenarios.OwnLogout, leastStates: 100);

    [Fact]
    [FailureMode("F22")]
    public Task A_lock_file_that_is_deleted_at_any_moment_lets_no_two_exchanges_meet() =>
        Exploring.AssertHoldsAsync(Scenarios.LockFileDeleted, leastStates: 7_000);

    [Fact]
    [FailureMode("F1", "F37", "F52")]
    public Task Three_processes_with_every_fault_lose_nothing_that_need_not_be_lost() => AssertSampleAsync(Scenarios.ThreeProcesses);

    [Fact]
    [FailureMode("F37", "F52")]
    public Task Three_processes_with_every_fault_and_a_reuse_window_lose_nothing() =>
        AssertSampleAsync(Scenarios.ThreeProcesses.WithWindow());

    [Fact]
    [FailureMode("F22", "F80")]
    public Task Three_processes_give_way_to_other_programs() => AssertSampleAsync(Scenarios.ThreeProcessesAndOtherPrograms);

    [Fact]
    [FailureMode("F1", "F8")]
    public Task Two_providers_of_one_process_and_two_more_processes_refresh_once_for_each_expiry() =>
        AssertSampleAsync(Scenarios.TwoProvidersBesideTwoProcesses);

    private static Task AssertSampleAsync(Scenario scenario) =>
        Exploring.AssertSampleHoldsAsync(scenario, SampledPaths, leastStates: 10_000);
}
