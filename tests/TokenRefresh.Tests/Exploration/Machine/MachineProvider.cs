using Microsoft.Extensions.Logging.Abstractions;
using TokenRefresh.Diagnostics;
using TokenRefresh.Locking;
using TokenRefresh.Refresh;
using TokenRefresh.Stores;

namespace TokenRefresh.Tests.Exploration.Machine;

/// <summary>What the product has in one process: transaction, memory, file store and lock, over the calls of a run.</summary>
internal sealed class MachineProvider
{
    private static readonly TokenRefreshMetrics Metrics = new();
    private static readonly CredentialsFileSettings Settings =
        new(Disk.Credentials, CredentialsFileFormat.Auto, lockPath: null, allowUnreliableLock: false, TimeSpan.FromSeconds(5));

    private readonly Run _run;
    private readonly RefreshContext _context;
    private readonly ProviderState _state;

    private MachineProvider(Run run)
    {
        _run = run;
        MachineScenario scenario = run.World.Scenario;
        var store = new FileCredentialsStore(Settings, run, scenario.Files(run), locks: new SharedFileLocks());
        _context = new RefreshContext(() => new MachineEndpoint(run))
        {
            Options = scenario.Options,
            Store = new MachineStore(store, run),
            TimeProvider = run,
            Logger = NullLogger.Instance,
            Metrics = Metrics,
            Callbacks = scenario.Callbacks,
        };
        _state = new ProviderState(_context.Store, run);
    }

    internal static Task RefreshAsync(Run run) => new MachineProvider(run).GetAsync(rejected: null);

    /// <summary>Gets a token, and another one once a resource has rejected that.</summary>
    internal static async Task RefreshTwiceAsync(Run run)
    {
        var provider = new MachineProvider(run);
        await provider.GetAsync(await provider.GetAsync(rejected: null));
    }

    private async Task<string> GetAsync(string? rejected)
    {
        var callbacks = new CallbackList(_context.Options.Events);
        var transaction = new RefreshTransaction(_context, _state, new RefreshReason(rejected, null), callbacks);
        TokenSnapshot token = await transaction.RunAsync(CancellationToken.None);
        _run.Call(
            "hands the token out",
            () => _run.World.Promise(_run.Process, token.Token.Value),
            isPoint: _run.World.Scenario.MayLosePower);
        return token.Token.Value;
    }
}
