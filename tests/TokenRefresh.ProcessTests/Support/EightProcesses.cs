using TokenRefresh.TestKit;

namespace TokenRefresh.ProcessTests;

/// <summary>Eight child processes that several tests use in turn, since they take longer to start than most tests take.</summary>
public sealed class EightProcesses : IAsyncLifetime
{
    internal const int Count = 8;

    private int _names;

    internal ChildProcessGroup Group { get; private set; } = null!;

    internal IReadOnlyList<ChildProcess> Children => Group.Children;

    public async ValueTask InitializeAsync() => Group = await ChildProcessGroup.StartAsync(Count, TestProgram.Path);

    public ValueTask DisposeAsync() => Group.DisposeAsync();

    /// <summary>Makes a provider of the login in every child.</summary>
    internal async Task<string> CreateAsync(SharedLogin login, string settings = "")
    {
        string name = $"p{Interlocked.Increment(ref _names)}";
        await Group.RunAsync(login.CreateCommand($"{settings} name={name}".TrimStart()));
        return name;
    }

    /// <summary>Runs a command with a provider made for it alone, in every child at the same moment.</summary>
    internal async Task<string[]> RunAtOnceAsync(SharedLogin login, string command)
    {
        string name = await CreateAsync(login);
        string[] replies = await Group.RunAtOnceAsync($"{command} name={name}");
        await DisposeAsync(name);
        return replies;
    }

    internal Task DisposeAsync(string name) => Group.RunAsync($"dispose name={name}");
}

[CollectionDefinition(nameof(EightProcesses))]
public sealed class EightProcessesTests : ICollectionFixture<EightProcesses>;
