using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using TokenRefresh.Diagnostics;
using TokenRefresh.Endpoint;
using TokenRefresh.Refresh;
using TokenRefresh.Stores;

namespace TokenRefresh.Provider;

/// <summary>Puts a provider's parts together, and knows which of them the provider made itself and so must dispose.</summary>
internal sealed class ProviderParts : IDisposable
{
    private readonly List<IDisposable> _owned = [];

    private ProviderParts(RefreshContext services, TokenRevocationClient? revocation)
    {
        Services = services;
        Revocation = revocation;
    }

    internal RefreshContext Services { get; }

    internal TokenRevocationClient? Revocation { get; }

    internal static ProviderParts Create(TokenRefreshOptions options, CoordinatedTokenProviderServices services, Func<HttpMessageInvoker>? invoker, string? name)
    {
        var owned = new List<IDisposable>();
        TimeProvider time = services.TimeProvider ?? TimeProvider.System;
        ILogger logger = services.LoggerFactory is { } factory ? new NonThrowingLogger(factory.CreateLogger("TokenRefresh")) : NullLogger.Instance;
        if (invoker is null && services.HttpMessageInvoker is { } given)
        {
            invoker = () => given;
        }
        else if (invoker is null)
        {
            OwnTransport own = Own(owned, new OwnTransport());
            invoker = own.Get;
        }

        ICredentialsStore store = services.CredentialsStore ?? Own(owned, new FileCredentialsStore(
            new(CredentialsPath.Resolve(options.CredentialsPath!), options.FileFormat, options.LockPath is null ? null : CredentialsPath.Resolve(options.LockPath), options.AllowUnreliableLock, options.SaveTimeout),
            time));
        ITokenEndpointClient endpoint = services.TokenEndpointClient
            ?? new HttpTokenEndpointClient(TokenEndpointSettings.From(options), invoker, services.TokenErrorClassifier, time, logger);
        var result = new ProviderParts(
            new RefreshContext
            {
                Options = options,
                Store = store,
                Endpoint = endpoint,
                TimeProvider = time,
                Logger = logger,
                Metrics = new TokenRefreshMetrics(services.MeterFactory, name),
                Name = name,
                Events = new CallbackQueue(options.Events, logger),
                Client = RefreshContext.ClientOf(options),
            },
            options.RevocationEndpoint is null ? null : new TokenRevocationClient(TokenEndpointSettings.From(options), invoker, time, logger));
        result._owned.AddRange(owned);
        return result;
    }

    public void Dispose()
    {
        foreach (IDisposable owned in _owned)
        {
            owned.Dispose();
        }
    }

    private static T Own<T>(List<IDisposable> owned, T instance)
        where T : IDisposable
    {
        owned.Add(instance);
        return instance;
    }

    /// <summary>Made for the first exchange: most processes never make one.</summary>
    private sealed class OwnTransport : IDisposable
    {
        private readonly Lazy<HttpMessageInvoker> _invoker = new(TokenEndpointTransport.Create);

        public void Dispose()
        {
            if (_invoker.IsValueCreated)
            {
                _invoker.Value.Dispose();
            }
        }

        internal HttpMessageInvoker Get() => _invoker.Value;
    }
}
