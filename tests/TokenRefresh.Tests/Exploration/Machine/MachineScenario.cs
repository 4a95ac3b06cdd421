using Microsoft.Extensions.Logging.Abstractions;
using TokenRefresh.Refresh;

namespace TokenRefresh.Tests.Exploration.Machine;

/// <summary>Which processes run on one machine, and what may go wrong. One login is stored, and its access token is expired.</summary>
/// <param name="Name">How a schedule refers to it.</param>
internal sealed record MachineScenario(string Name) : IScenario
{
    internal required IReadOnlyList<Func<Run, Task>> Processes { get; init; }

    /// <summary>Gets how many processes may be killed, each before any of its calls.</summary>
    internal int Kills { get; init; }

    /// <summary>Gets whether the power may fail, once, before any call.</summary>
    internal bool MayLosePower { get; init; }

    /// <summary>Gets how often the processor may be taken from a process that could go on.</summary>
    internal int Switches { get; init; } = int.MaxValue;

    internal IReadOnlyList<ForeignAct> ForeignActs { get; init; } = [];

    /// <summary>Gets how many token requests it takes while nothing goes wrong.</summary>
    internal int? Requests { get; init; }

    /// <summary>Gets the system calls of a run; others than the right ones are bugs to plant.</summary>
    internal Func<Run, MachineFiles> Files { get; init; } = run => new MachineFiles(run);

    internal TokenRefreshOptions Options { get; } = new()
    {
        ClientId = "explorer",
        HandleProcessSignals = false,
        RefreshTokenReuseWindow = TimeSpan.FromDays(1),
    };

    internal CallbackQueue Callbacks { get; } = new(NullLogger.Instance);

    public IWorld Begin() => new MachineWorld(this);
}
