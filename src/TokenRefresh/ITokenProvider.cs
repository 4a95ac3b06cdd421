namespace TokenRefresh;

/// <summary>
/// Provides access tokens that work. All that <see cref="BearerTokenHandler"/> needs, and the seam at which your tests put a fake
/// (<see cref="StaticTokenProvider"/>).
/// </summary>
/// <remarks>Implementations are safe for concurrent use.</remarks>
public interface ITokenProvider
{
    /// <summary>Gets the header that carries this provider's tokens, known before there is one.</summary>
    /// <value>Default <c>Authorization</c>. A provider that wraps another passes on what that one says.</value>
    string HeaderName => AccessToken.DefaultHeaderName;

    /// <summary>Returns a token that is valid now.</summary>
    /// <param name="cancellationToken">Ends this caller's wait only; a refresh that has begun goes on.</param>
    /// <returns>The token. Completes synchronously while a valid one is cached.</returns>
    /// <exception cref="TokenRefreshException">No valid token can be had; the type says what to do.</exception>
    /// <exception cref="OperationCanceledException">The caller's wait was cancelled.</exception>
    ValueTask<AccessToken> GetAccessTokenAsync(CancellationToken cancellationToken = default);

    /// <summary>Returns a token other than the one a resource has rejected.</summary>
    /// <param name="rejected">The token that the rejected request carried. If another usable one is known by now, that one is returned and
    /// the token endpoint is not asked.</param>
    /// <param name="cancellationToken">Ends this caller's wait only; a refresh that has begun goes on.</param>
    /// <returns>A token that is never <paramref name="rejected"/>.</returns>
    /// <exception cref="TokenRefreshException">No other token can be had; the type says what to do.</exception>
    /// <exception cref="OperationCanceledException">The caller's wait was cancelled.</exception>
    ValueTask<AccessToken> RefreshAccessTokenAsync(AccessToken rejected, CancellationToken cancellationToken = default);
}
