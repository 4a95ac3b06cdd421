using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.Endpoint;

namespace TokenRefresh;

/// <summary>Configures one login that <c>AddTokenRefresh</c> has registered.</summary>
/// <remarks>
/// What a factory returns is made once and disposed by the container, after the provider; an instance stays the caller's.
/// </remarks>
public interface ITokenRefreshBuilder
{
    /// <summary>Gets the services.</summary>
    IServiceCollection Services { get; }

    /// <summary>
    /// Gets the login's name: the key of its <see cref="CoordinatedTokenProvider"/>, its <see cref="ITokenProvider"/> and its options.
    /// </summary>
    /// <value>Empty for the unnamed login, which is registered without a key.</value>
    string Name { get; }

    /// <summary>
    /// Keeps the login in a store other than the file; <see cref="TokenRefreshOptions.CredentialsPath"/> is then not needed.
    /// </summary>
    /// <param name="factory">Makes the store, once.</param>
    /// <returns>This builder.</returns>
    ITokenRefreshBuilder UseStore(Func<IServiceProvider, ICredentialsStore> factory);

    /// <summary>
    /// Exchanges refresh tokens by other means than RFC 6749 over HTTP; <see cref="TokenRefreshOptions.TokenEndpoint"/> and
    /// <see cref="TokenRefreshOptions.ClientId"/> are then not needed.
    /// </summary>
    /// <param name="factory">Makes the client, once.</param>
    /// <returns>This builder.</returns>
    ITokenRefreshBuilder UseTokenEndpointClient(Func<IServiceProvider, ITokenEndpointClient> factory);

    /// <summary>Reads the token endpoint's errors in a dialect of its own.</summary>
    /// <param name="factory">Makes the classifier, once.</param>
    /// <returns>This builder.</returns>
    ITokenRefreshBuilder UseTokenErrorClassifier(Func<IServiceProvider, ITokenErrorClassifier> factory);
}
