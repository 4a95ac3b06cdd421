using TokenRefresh.TestKit;

namespace TokenRefresh.ProcessTests.OtherOwners;

/// <summary>Three child processes of ours that the tests of a class use in turn.</summary>
public sealed class ThreeProcesses : IAsyncLifetime
{
    internal const int Count = 3;

    internal ChildProcessGroup Group { get; private set; } = null!;

    internal ChildProcess First => Group.Children[0];

    public async ValueTask InitializeAsync() => Group = await ChildProcessGroup.StartAsync(Count, TestProgram.Path);

    public ValueTask DisposeAsync() => Group.DisposeAsync();
}
