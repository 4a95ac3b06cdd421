using TokenRefresh.TestKit;

namespace TokenRefresh.ProcessTests.OtherOwners;

/// <summary>Some Node processes; disposal ends them.</summary>
internal sealed class NodeProcesses(ChildProcess[] children) : IAsyncDisposable
{
    internal ChildProcess this[int index] => children[index];

    internal Task<string[]> RunAsync(string command) => Task.WhenAll(children.Select(child => child.RunAsync(command)));

    public async ValueTask DisposeAsync()
    {
        foreach (ChildProcess child in children)
        {
            await child.DisposeAsync();
        }
    }
}
