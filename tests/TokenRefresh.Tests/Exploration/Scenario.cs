using Microsoft.Extensions.Logging.Abstractions;
using TokenRefresh.Endpoint;
using TokenRefresh.Refresh;
using TokenRefresh.Tests.Exploration.Model;

namespace TokenRefresh.Tests.Exploration;

/// <summary>Who does what, and what may go wrong. One login is stored, and its access token is expired.</summary>
/// <param name="Name">How a schedule refers to it.</param>
internal sealed record Scenario(string Name) : IScenario
{
    private TokenRefreshOptions? _options;

    /// <summary>Gets what each process does: one script for each of its providers.</summary>
    internal required IReadOnlyList<Func<ModelProvider, Task>[]> Processes { get; init; }

    internal Faults Faults { get; init; } = new();

    internal IReadOnlyList<ForeignWrite> ForeignWrites { get; init; } = [];

    /// <summary>
    /// Gets how long the server takes a used token again, which is also what the product is told; <see langword="null"/> for not at all.
    /// </summary>
    internal TimeSpan? ServerReuseWindow { get; init; }

    /// <summary>Gets what is left of the stored access token.</summary>
    internal TimeSpan FirstLifetime { get; init; } = TimeSpan.FromHours(-1);

    /// <summary>Gets whether resources reject the stored access token, whatever its expiry says.</summary>
    internal bool IsFirstTokenRejected { get; init; }

    /// <summary>Gets how many token requests it takes while nothing goes wrong.</summary>
    internal int? Requests { get; init; }

    /// <summary>Gets whether the leases of one process are queued; a bug to plant.</summary>
    internal bool IsQueueing { get; init; } = true;

    /// <summary>Gets what is put around each provider's store; a bug to plant.</summary>
    internal Func<ICredentialsStore, ICredentialsStore>? Decorate { get; init; }

    /// <summary>Gets what is done to a provider's memory before each refresh; a bug to plant.</summary>
    internal Action<ModelProvider>? BeforeRefresh { get; init; }

    /// <summary>Gets the time limit of a request; another one than the product's is a bug to plant.</summary>
    internal Func<TimeSpan, TimeProvider, (IDisposable Limit, CancellationToken IsOver)> Limit { get; init; } = (time, clock) =>
    {
        var limit = new FairTimeout(time, clock);
        return (limit, limit.Token);
    };

    /// <summary>Gets whether an older record may come back, so that the memory of a provider counts, and the numbers of records.</summary>
    internal bool CanRecordBecomePoorer =>
        ForeignWrites.Contains(ForeignWrite.Restore) || (Faults.DeletedLockFiles > 0 && ForeignWrites.Contains(ForeignWrite.Rollback));

    internal TokenRefreshOptions Options => _options ??= new()
    {
        ClientId = "explorer",
        HandleProcessSignals = false,
        RefreshTokenReuseWindow = ServerReuseWindow,
    };

    internal CallbackQueue Callbacks { get; } = new(NullLogger.Instance);

    public IWorld Begin() => new World(this);
}
