using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using TokenRefresh.Endpoint;

namespace TokenRefresh;

/// <summary>What a provider uses instead of its defaults. Everything is optional; what you pass, you dispose.</summary>
public sealed class CoordinatedTokenProviderServices
{
    /// <summary>Gets what sends the token request.</summary>
    /// <value>Default <see langword="null"/>: a <see cref="SocketsHttpHandler"/> of the provider's own. The handler of another one should
    /// follow no redirects and keep no cookies (<c>AllowAutoRedirect</c> and <c>UseCookies</c> off): the body of a token request is sent
    /// once, so that a redirect that is followed leaves the outcome unknown.</value>
    public HttpMessageInvoker? HttpMessageInvoker { get; init; }

    /// <summary>Gets the logger factory. Default <see langword="null"/>: no logs.</summary>
    public ILoggerFactory? LoggerFactory { get; init; }

    /// <summary>Gets the meter factory. Default <see langword="null"/>: a process-wide meter named <c>TokenRefresh</c>.</summary>
    public IMeterFactory? MeterFactory { get; init; }

    /// <summary>Gets the clock. Default <see langword="null"/>: <see cref="TimeProvider.System"/>. A store's own
    /// (<see cref="ICredentialsStore.Clock"/>) goes before it.</summary>
    public TimeProvider? TimeProvider { get; init; }

    /// <summary>Gets the store. Default <see langword="null"/>: the file at <see cref="TokenRefreshOptions.CredentialsPath"/>.</summary>
    public ICredentialsStore? CredentialsStore { get; init; }

    /// <summary>Gets the token endpoint's client. Default <see langword="null"/>: RFC 6749 section 6 over HTTP.</summary>
    public ITokenEndpointClient? TokenEndpointClient { get; init; }

    /// <summary>Gets the classifier of token endpoint errors. Default <see langword="null"/>: the built-in one.</summary>
    public ITokenErrorClassifier? TokenErrorClassifier { get; init; }
}
