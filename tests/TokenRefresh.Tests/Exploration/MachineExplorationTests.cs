using TokenRefresh.TestKit;
using TokenRefresh.Tests.Exploration.Machine;

namespace TokenRefresh.Tests.Exploration;

/// <summary>
/// The file store and the lock that ship, under the transaction that ships, in several processes over a model of the system calls. How it
/// works and what it walks stands in <c>tests/README.md</c>.
/// </summary>
public sealed class MachineExplorationTests
{
    internal const string NotOnWindows = "The model is of the system calls of Unix.";

    private const int SampledPaths = 300;

    public MachineExplorationTests() => Assert.SkipWhen(OperatingSystem.IsWindows(), NotOnWindows);

    [Fact]
    [FailureMode("F1", "F2", "F3")]
    public Task Two_processes_refresh_once() => Exploring.AssertHoldsAsync(MachineScenarios.Expired, leastStates: 8_000);

    [Fact]
    [FailureMode("F37", "F38")]
    public Task A_kill_before_any_call_loses_nothing() => Exploring.AssertHoldsAsync(MachineScenarios.Killed, leastStates: 6_000);

    [Fact]
    [FailureMode("F38", "F40")]
    public Task A_power_cut_before_any_call_leaves_the_old_file_or_the_new_one() =>
        Exploring.AssertHoldsAsync(MachineScenarios.PowerCut, leastStates: 1_500);

    [Fact]
    [FailureMode("F22")]
    public Task A_lock_file_that_is_deleted_before_any_call_lets_no_two_exchanges_meet() =>
        Exploring.AssertHoldsAsync(MachineScenarios.LockFileDeleted, leastStates: 20_000);

    [Fact]
    [FailureMode("F80")]
    public Task A_login_that_is_stored_before_any_call_is_overwritten_only_in_the_one_moment_that_cannot_be_excluded() =>
        Exploring.AssertHoldsAsync(MachineScenarios.Login, leastStates: 6_000);

    [Fact]
    [FailureMode("F38", "F80")]
    public Task A_write_in_place_by_another_program_is_waited_for_and_kept() =>
        Exploring.AssertHoldsAsync(MachineScenarios.InPlace, leastStates: 20_000);

    [Fact]
    [FailureMode("F87")]
    public Task A_used_token_that_is_put_back_before_any_call_is_never_presented() =>
        Exploring.AssertHoldsAsync(MachineScenarios.Rollback, leastStates: 12_000);

    [Fact]
    [FailureMode("F101")]
    public Task What_a_process_exchanged_it_never_presents_again_though_the_whole_directory_is_put_back() =>
        Exploring.AssertHoldsAsync(MachineScenarios.Restore, leastStates: 25_000);

    [Fact]
    [FailureMode("F1", "F22", "F37")]
    public Task Three_processes_with_every_fault_lose_nothing_that_need_not_be_lost() =>
        Exploring.AssertSampleHoldsAsync(MachineScenarios.ThreeProcesses, SampledPaths, leastStates: SampledPaths);
}
