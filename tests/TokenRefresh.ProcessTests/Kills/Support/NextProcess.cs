using TokenRefresh.TestKit;

namespace TokenRefresh.ProcessTests.Kills;

/// <summary>
/// The process that goes on where others were killed; one for all cases, since a process takes longer to start than a case takes.
/// </summary>
public sealed class NextProcess : IAsyncLifetime
{
    private int _names;

    internal ChildProcess Child { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Child = await ChildProcess.StartAsync(TestProgram.Path);

    public ValueTask DisposeAsync() => Child.DisposeAsync();

    internal async Task<NextProvider> CreateAsync(SharedLogin login, string settings = "")
    {
        string name = $"p{++_names}";
        await Child.RunAsync(login.CreateCommand($"{settings} name={name}".TrimStart()));
        return new NextProvider(Child, name);
    }
}
