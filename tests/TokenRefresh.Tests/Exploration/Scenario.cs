using Microsoft.Extensions.Logging.Abstractions;
using TokenRefresh.Refresh;
using TokenRefresh.Tests.Exploration.Model;

namespace TokenRefresh.Tests.Exploration;

/// <summary>Who does what, and what may go wrong. One login is stored, and its access token is expired.</summary>
/// <param name="Name">How a schedule refers to it.</param>
internal sealed record Scenario(string Name)
{
    private TokenRefreshOptions? _options;

    /// <summary>Gets what each process does: one script for each of its providers.</summary>
    internal required IReadOnlyList<Func<ModelProvider, Task>[]> Processes { get; init; }

    internal Faults Faults { get; init; } = new();

    internal IReadOnlyList<ForeignWrite> ForeignWrites { get; init; } = [];

    /// <summary>
    /// Gets how long the server takes a spent token again, which is also what the product is told; <see langword="null"/> for not at all.
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

    /// <summary>Gets what is done to a provider's memory before each flight; a bug to plant.</summary>
    internal Action<ProviderState>? BeforeFlight { get; init; }

    internal TokenRefreshOptions Options => _options ??= new()
    {
        ClientId = "explorer",
        HandleProcessSignals = false,
        RefreshTokenReuseWindow = ServerReuseWindow,
    };

    internal CallbackQueue Callbacks { get; } = new(NullLogger.Instance);
}
