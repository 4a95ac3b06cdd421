using TokenRefresh.TestKit;
using TokenRefresh.Tests.Exploration.Machine;
using TokenRefresh.Tests.Exploration.Model;
using TokenRefresh.Tests.Exploration.Mutants;

namespace TokenRefresh.Tests.Exploration;

/// <summary>Bugs planted in the file store and its lock, each of which the explorer of the machine must find.</summary>
public sealed class MachineMutantTests
{
    [Fact]
    [FailureMode("F22")]
    public Task Not_asking_whether_the_path_names_the_locked_file_is_noticed() =>
        AssertNoticedAsync(MachineScenarios.LockFileDeleted, BuggyFiles.Bug.NoCheckOfIdentity, Rules.NoLockNoRefresh);

    [Fact]
    [FailureMode("F22")]
    public Task Removing_the_temp_file_that_another_process_holds_is_noticed() =>
        AssertNoticedAsync(MachineScenarios.LockFileDeleted, BuggyFiles.Bug.SweepOfWhatIsHeld, Rules.OneExchangeAtATime);

    [Fact]
    [FailureMode("F22")]
    public Task A_temp_file_that_is_not_held_is_noticed() =>
        AssertNoticedAsync(MachineScenarios.LockFileDeleted, BuggyFiles.Bug.UnheldTempFile, Rules.OneExchangeAtATime);

    [Fact]
    [FailureMode("F40")]
    public Task Renaming_before_the_flush_is_noticed() =>
        AssertNoticedAsync(MachineScenarios.PowerCut, BuggyFiles.Bug.RenameBeforeFlush, MachineRules.WholeFile);

    [Fact]
    [FailureMode("F40")]
    public Task A_rename_that_is_not_made_durable_is_noticed() =>
        AssertNoticedAsync(MachineScenarios.PowerCut, BuggyFiles.Bug.NoFlushOfDirectory, MachineRules.SavedIsDurable);

    [Fact]
    [FailureMode("F80")]
    public Task Renaming_without_a_last_look_is_noticed() =>
        AssertNoticedAsync(MachineScenarios.Login, BuggyFiles.Bug.NoLastLook, MachineRules.CompareRightBeforeTheRename);

    private static Task AssertNoticedAsync(MachineScenario scenario, BuggyFiles.Bug bug, string rule)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), MachineExplorationTests.NotOnWindows);
        return Exploring.AssertNoticedAsync(scenario with { Files = run => new BuggyFiles(run, bug) }, rule);
    }
}
