using TokenRefresh.TestKit;

namespace TokenRefresh.ProcessTests.Kills;

/// <summary>A case's own provider in the next process.</summary>
internal sealed class NextProvider(ChildProcess child, string name) : IAsyncDisposable
{
    internal Task<string> RunAsync(string command) => child.RunAsync($"{command} name={name}");

    internal Task<Task<string>> StartCommandAsync(string command) => child.StartCommandAsync($"{command} name={name}");

    public async ValueTask DisposeAsync() => await RunAsync("dispose");
}
