using System.Reflection;
using TokenRefresh.TestKit;

namespace TokenRefresh.WindowsPath;

/// <summary>Children of the tests' child program, each under the Windows runtime of the runner.</summary>
internal sealed class WindowsChildren : IAsyncDisposable
{
    private readonly string _runner;
    private readonly List<ChildProcess> _children = [];

    private WindowsChildren(string runner) => _runner = runner;

    public IReadOnlyList<ChildProcess> All => _children;

    public static async Task<WindowsChildren> StartAsync(string runner, int count)
    {
        var children = new WindowsChildren(runner);
        try
        {
            // The first start builds; the others would only disturb it.
            await children.StartAnotherAsync(isBuilt: false);
            for (int i = 1; i < count; i++)
            {
                await children.StartAnotherAsync();
            }

            return children;
        }
        catch
        {
            await children.DisposeAsync();
            throw;
        }
    }

    public async Task<ChildProcess> StartAnotherAsync(bool isBuilt = true)
    {
        ChildProcess child = await ChildProcess.StartProgramAsync(_runner, new ChildProcessOptions
        {
            Arguments = [Project()],
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["NOBUILD"] = isBuilt ? "1" : null },

            // A first run lays the Windows runtime out before it builds.
            ReplyTimeout = isBuilt ? TimeSpan.FromMinutes(1) : TimeSpan.FromMinutes(5),
        });
        _children.Add(child);
        return child;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (ChildProcess child in _children)
        {
            await child.DisposeAsync();
        }
    }

    private static string Project()
    {
        string root = typeof(WindowsChildren).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(
            metadata => metadata.Key == "RepositoryRoot").Value!;
        return Path.Combine(root, "tests", "TokenRefresh.TestProcess", "TokenRefresh.TestProcess.csproj");
    }
}
