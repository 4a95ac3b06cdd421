using Microsoft.Extensions.Logging;
using TokenRefresh.Diagnostics;
using TokenRefresh.Endpoint;
using TokenRefresh.Record;

namespace TokenRefresh.Refresh;

/// <summary>What every transaction of one provider shares.</summary>
internal sealed record RefreshContext
{
    internal required TokenRefreshOptions Options { get; init; }

    internal required ICredentialsStore Store { get; init; }

    internal required ITokenEndpointClient Endpoint { get; init; }

    internal required TimeProvider TimeProvider { get; init; }

    internal required ILogger Logger { get; init; }

    internal required TokenRefreshMetrics Metrics { get; init; }

    internal required CallbackQueue Events { get; init; }

    /// <summary>Gets the login's name for metrics and traces, or <see langword="null"/>.</summary>
    internal string? Name { get; init; }

    /// <summary>Gets the fingerprint of token endpoint and client id, by which notes of the record are kept apart.</summary>
    internal required Fingerprint Client { get; init; }

    /// <summary>Gets the same services for work whose callbacks run when it is over, and its lease given back.</summary>
    /// <param name="over">Completes then, without failing.</param>
    internal RefreshContext RaisingAfter(Task over) => this with { Events = Events.After(over) };

    internal static Fingerprint ClientOf(TokenRefreshOptions options) => Fingerprint.Of($"{options.TokenEndpoint?.AbsoluteUri}\n{options.ClientId}");
}
