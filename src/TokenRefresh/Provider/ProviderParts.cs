using Microsoft.Extensions.Logging;
using TokenRefresh.Diagnostics;
using TokenRefresh.Endpoint;
using TokenRefresh.Refresh;
using TokenRefresh.Stores;

namespace TokenRefresh.Provider;

/// <summary>Puts a provider's parts together, and knows which of them the provider made itself and so must dispose.</summary>
internal sealed class ProviderParts : IDisposable
{
    private readonly TokenRefreshOptions _options;
    private readonly CoordinatedTokenProviderServices _services;
    private readonly Func<HttpMessageInvoker>? _invoker;
    private readonly FileCredentialsStore? _ownStore;
    private HttpMessageInvoker? _ownInvoker;
    private HttpTokenEndpointClient? _revocation;

    internal readonly RefreshContext Context;

    internal ProviderParts(
        TokenRefreshOptions options,
        CoordinatedTokenProviderServices services,
        Func<HttpMessageInvoker>? invoker,
        string? name)
    {
        _options = options;
        _services = services;
        _invoker = invoker;
        TimeProvider time = services.CredentialsStore?.Clock ?? services.TimeProvider ?? TimeProvider.System;
        var logger = NonThrowingLogger.Of(services.LoggerFactory);
        if (services.CredentialsStore is null)
        {
            _ownStore = CreateFileStore(options, time, logger);
        }

        Context = new RefreshContext(CreateEndpoint)
        {
            Options = options,
            Store = services.CredentialsStore ?? (options.CompatibleLocks is null ? _ownStore! : WithCompatibleLocks(_ownStore!, options)),
            TimeProvider = time,
            Logger = logger,
            Metrics = new TokenRefreshMetrics(services.MeterFactory, name),
            Callbacks = new CallbackQueue(logger),
            Name = name,
        };
    }

    /// <summary>Gets whether reads of the store complete at once, on the caller's thread.</summary>
    internal bool ReadsAtOnce => _ownStore is not null || Context.Store is FileCredentialsStore or InMemoryCredentialsStore;

    /// <summary>Gets the client of the revocation endpoint, or <see langword="null"/> if none is configured.</summary>
    internal HttpTokenEndpointClient? Revocation => _options.RevocationEndpoint is null ? null : _revocation ??= CreateHttpClient();

    internal static FileCredentialsStore CreateFileStore(TokenRefreshOptions options, TimeProvider time, ILogger logger)
    {
        string? lockPath = options.LockPath is null ? null : CredentialsPath.Resolve(options.LockPath);
        return new(
            new(
                CredentialsPath.Resolve(options.CredentialsPath!),
                options.FileFormat,
                lockPath,
                options.AllowUnreliableLock,
                options.SaveTimeout),
            time,
            logger: logger);
    }

    private static CompatibleLocksStore WithCompatibleLocks(FileCredentialsStore store, TokenRefreshOptions options) =>
        new(store, options.CompatibleLocks!);

    private ITokenEndpointClient CreateEndpoint() => _services.TokenEndpointClient ?? CreateHttpClient();

    private HttpTokenEndpointClient CreateHttpClient() =>
        new(new TokenRequestWriter(_options), GetInvoker, _services.TokenErrorClassifier, Context.TimeProvider, Context.Logger);

    // Exchanges hold the lock, so two of them never run this at the same time. A revocation and an exchange may, and then one of the two
    // handlers is disposed again.
    private HttpMessageInvoker GetInvoker()
    {
        if (_invoker is not null)
        {
            return _invoker();
        }

        if (_services.HttpMessageInvoker is { } given)
        {
            return given;
        }

        if (_ownInvoker is null)
        {
            var made = new TokenEndpointTransport();
            if (Interlocked.CompareExchange(ref _ownInvoker, made, null) is not null)
            {
                made.Dispose();
            }
        }

        return _ownInvoker;
    }

    public void Dispose()
    {
        _ownStore?.Dispose();
        _ownInvoker?.Dispose();
    }
}
