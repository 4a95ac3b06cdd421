namespace TokenRefresh;

/// <summary>Provides the access token of one login that many threads and processes share; each expiry costs one token request over all of them.</summary>
public sealed class CoordinatedTokenProvider : ITokenProvider, IAsyncDisposable, IDisposable
{
    private CoordinatedTokenProvider()
    {
    }

    /// <summary>Creates a provider.</summary>
    /// <param name="configure">Sets the options; they are validated here.</param>
    /// <param name="services">What to use instead of the defaults.</param>
    /// <returns>The provider; dispose it.</returns>
    /// <exception cref="TokenRefreshConfigurationException">An option is missing, out of range, or contradicts another.</exception>
    public static CoordinatedTokenProvider Create(Action<TokenRefreshOptions> configure, CoordinatedTokenProviderServices? services = null) => throw new NotSupportedException("Under construction.");

    internal static CoordinatedTokenProvider Create(TokenRefreshOptions options, CoordinatedTokenProviderServices services, Func<HttpMessageInvoker>? tokenEndpointInvoker)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(services);
        _ = tokenEndpointInvoker;
        return new CoordinatedTokenProvider();
    }

    /// <inheritdoc/>
    public ValueTask<AccessToken> GetAccessTokenAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException("Under construction.");

    /// <inheritdoc/>
    public ValueTask<AccessToken> RefreshAccessTokenAsync(AccessToken rejected, CancellationToken cancellationToken = default) => throw new NotSupportedException("Under construction.");

    /// <summary>Tells the state of the login. Reads only: never locks, refreshes or writes.</summary>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <returns>The status.</returns>
    public ValueTask<TokenRefreshStatus> GetStatusAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException("Under construction.");

    /// <summary>Stores a login, after a sign-in: one atomic, durable write.</summary>
    /// <param name="credentials">The login.</param>
    /// <param name="cancellationToken">Ends the wait for the lock; a write that has begun is finished.</param>
    /// <returns>A task that completes when the login is durable.</returns>
    public Task StoreAsync(OAuthCredentials credentials, CancellationToken cancellationToken = default) => throw new NotSupportedException("Under construction.");

    /// <summary>Removes the login, at a sign-out.</summary>
    /// <param name="cancellationToken">Ends the wait for the lock; a write that has begun is finished.</param>
    /// <returns>A task that completes when the removal is durable and, with <see cref="TokenRefreshOptions.RevocationEndpoint"/>, the revocation was tried.</returns>
    public Task RemoveAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException("Under construction.");

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => default;

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
