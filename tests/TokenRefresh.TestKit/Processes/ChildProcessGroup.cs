namespace TokenRefresh.TestKit;

/// <summary>Several child processes that do the same thing at the same moment.</summary>
public sealed class ChildProcessGroup : IAsyncDisposable
{
    // Time for every child to have read its line, so that all of them meet at the moment it names.
    private static readonly TimeSpan LeadTime = TimeSpan.FromMilliseconds(30);

    private ChildProcessGroup(IReadOnlyList<ChildProcess> children) => Children = children;

    /// <summary>Gets the children.</summary>
    public IReadOnlyList<ChildProcess> Children { get; }

    /// <summary>Starts the children side by side and waits until all are ready.</summary>
    /// <param name="count">How many.</param>
    /// <param name="assemblyPath">The program, as for <see cref="ChildProcess.StartAsync"/>.</param>
    /// <param name="options">The options of the child of this index; <see langword="null"/> for the defaults.</param>
    /// <returns>The running children; dispose the group.</returns>
    public static async Task<ChildProcessGroup> StartAsync(int count, string assemblyPath, Func<int, ChildProcessOptions>? options = null)
    {
        Task<ChildProcess>[] starts =
            [.. Enumerable.Range(0, count).Select(i => ChildProcess.StartAsync(assemblyPath, options?.Invoke(i)))];
        try
        {
            return new ChildProcessGroup(await Task.WhenAll(starts));
        }
        catch
        {
            foreach (Task<ChildProcess> start in starts.Where(start => start.IsCompletedSuccessfully))
            {
                await (await start).DisposeAsync();
            }

            throw;
        }
    }

    /// <summary>Runs a command in every child, with no care for simultaneity: set-up, warm-up.</summary>
    /// <param name="command">The command.</param>
    /// <returns>The replies, in the order of the children.</returns>
    public Task<string[]> RunAsync(string command) => Task.WhenAll(Children.Select(child => child.RunAsync(command)));

    /// <summary>Runs a command in every child, with no care for simultaneity.</summary>
    /// <param name="command">The command of the child of this index.</param>
    /// <returns>The replies, in the order of the children.</returns>
    public Task<string[]> RunAsync(Func<int, string> command) => Task.WhenAll(Children.Select((child, i) => child.RunAsync(command(i))));

    /// <summary>Runs a command in every child at the same moment of the wall clock.</summary>
    /// <param name="command">The command.</param>
    /// <returns>The replies, in the order of the children.</returns>
    public Task<string[]> RunAtOnceAsync(string command)
    {
        long moment = (TimeProvider.System.GetUtcNow() + LeadTime).ToUnixTimeMilliseconds();
        return RunAsync($"at {moment} {command}");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (ChildProcess child in Children)
        {
            await child.DisposeAsync();
        }
    }
}
