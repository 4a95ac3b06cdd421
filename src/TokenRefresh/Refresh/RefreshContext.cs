using Microsoft.Extensions.Logging;
using TokenRefresh.Diagnostics;
using TokenRefresh.Endpoint;
using TokenRefresh.Record;

namespace TokenRefresh.Refresh;

/// <summary>What all transactions of one provider share.</summary>
/// <param name="createEndpoint">Makes the client of the token endpoint, for the first exchange: a valid token needs none.</param>
internal sealed class RefreshContext(Func<ITokenEndpointClient> createEndpoint)
{
    private ITokenEndpointClient? _endpoint;
    private string? _client;
    private RefreshErrors? _errors;

    internal required TokenRefreshOptions Options;

    internal required ICredentialsStore Store;

    internal required TimeProvider TimeProvider;

    internal required ILogger Logger;

    internal required TokenRefreshMetrics Metrics;

    internal required CallbackQueue Callbacks;

    /// <summary>The login's name for metrics and traces, or <see langword="null"/>.</summary>
    internal string? Name;

    /// <summary>Gets whether tokens are requested with the client's own credentials, and so no refresh token is used up.</summary>
    internal bool IsClientGrant => Options.Grant == TokenGrant.ClientCredentials;

    internal ITokenEndpointClient Endpoint => _endpoint ??= createEndpoint();

    /// <summary>Gets the fingerprint of token endpoint and client id, by which entries of the record are kept apart.</summary>
    internal string Client => _client ??= Fingerprint.Of($"{Options.TokenEndpoint?.AbsoluteUri}\n{Options.ClientId}");

    internal RefreshErrors Errors => _errors ??= new RefreshErrors(Options, Store);

    /// <summary>
    /// Tells whether this provider leaves refreshing to another program. Where that depends on the file, the system is asked.
    /// </summary>
    /// <exception cref="CredentialsFileException">The path of the file cannot be followed.</exception>
    internal bool Follows() =>
        Options.Mode != TokenRefreshMode.Refresh
        && (Options.Mode == TokenRefreshMode.Follow || (Store as IStoreReport)?.IsReadOnly() == true);
}
