namespace TokenRefresh.Tests.Exploration.Machine;

/// <summary>What is walked on the machine. Each thing that may go wrong may also not happen.</summary>
internal static class MachineScenarios
{
    internal const string SwitchesVariable = "TOKENREFRESH_EXPLORATION_SWITCHES";

    // Each one more makes a walk some five times as long.
    private static readonly int Switches =
        Exploring.FromEnvironment(SwitchesVariable) ?? 1;

    internal static MachineScenario Expired { get; } = new("machine-expired")
    {
        Processes = [MachineProvider.RefreshAsync, MachineProvider.RefreshAsync],
        Requests = 1,
    };

    internal static MachineScenario Killed { get; } = Expired with { Name = "machine-killed", Kills = 1, Switches = Switches };

    internal static MachineScenario PowerCut { get; } = Expired with
    {
        Name = "machine-power-cut",
        MayLosePower = true,
        Switches = Switches,
    };

    internal static MachineScenario LockFileDeleted { get; } = Expired with
    {
        Name = "machine-lock-file-deleted",
        ForeignActs = [ForeignAct.DeleteLockFile],
        Switches = Switches,
    };

    internal static MachineScenario Login { get; } = Expired with
    {
        Name = "machine-login",
        ForeignActs = [ForeignAct.Login],
        Switches = Switches,
    };

    internal static MachineScenario InPlace { get; } = Expired with
    {
        Name = "machine-in-place",
        ForeignActs = [ForeignAct.InPlace],
        Switches = Switches,
    };

    internal static MachineScenario Rollback { get; } = Expired with
    {
        Name = "machine-rollback",
        Processes = [MachineProvider.RefreshTwiceAsync, MachineProvider.RefreshAsync],
        ForeignActs = [ForeignAct.Rollback],
        Switches = Switches,
        Requests = null,
    };

    internal static MachineScenario Restore { get; } = Rollback with { Name = "machine-restore", ForeignActs = [ForeignAct.Restore] };

    internal static MachineScenario ThreeProcesses { get; } = Expired with
    {
        Name = "machine-three-processes",
        Processes = [MachineProvider.RefreshTwiceAsync, MachineProvider.RefreshAsync, MachineProvider.RefreshAsync],
        Kills = 1,
        MayLosePower = true,
        ForeignActs = [ForeignAct.DeleteLockFile, ForeignAct.Login, ForeignAct.Rollback],
        Requests = null,
    };
}
