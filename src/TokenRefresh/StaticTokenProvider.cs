namespace TokenRefresh;

/// <summary>
/// Provides a fixed token: a fake for the tests of programs that use <see cref="ITokenProvider"/>, or a provider for a token that is never
/// refreshed.
/// </summary>
/// <remarks>Safe for concurrent use.</remarks>
public sealed class StaticTokenProvider : ITokenProvider
{
    private readonly AccessToken _token;
    private readonly AccessToken? _afterRejection;

    /// <summary>Creates a provider that returns <paramref name="token"/>.</summary>
    /// <param name="token">What <see cref="GetAccessTokenAsync"/> returns.</param>
    /// <param name="afterRejection">What <see cref="RefreshAccessTokenAsync"/> returns once <paramref name="token"/> was rejected;
    /// <see langword="null"/> if nothing can replace it.</param>
    public StaticTokenProvider(AccessToken token, AccessToken? afterRejection = null)
    {
        ArgumentNullException.ThrowIfNull(token);
        _token = token;
        _afterRejection = afterRejection;
    }

    /// <summary>Creates a provider that returns a bearer token of this value.</summary>
    /// <param name="token">The token's value.</param>
    public StaticTokenProvider(string token)
        : this(new AccessToken(token))
    {
    }

    string ITokenProvider.HeaderName => _token.HeaderName;

    /// <inheritdoc/>
    public ValueTask<AccessToken> GetAccessTokenAsync(CancellationToken cancellationToken = default) => new(_token);

    /// <inheritdoc/>
    /// <exception cref="NotRefreshableException">There is no token other than the rejected one.</exception>
    public ValueTask<AccessToken> RefreshAccessTokenAsync(AccessToken rejected, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(rejected);
        AccessToken? other = rejected.Value != _token.Value ? _token : _afterRejection;
        return other is not null && other.Value != rejected.Value
            ? new(other)
            : ValueTask.FromException<AccessToken>(
                new NotRefreshableException("The static access token was rejected and nothing can replace it."));
    }
}
