namespace TokenRefresh.Endpoint;

/// <summary>Exchanges a refresh token for new tokens (RFC 6749 section 6), or the client's own credentials for an access token (section
/// 4.4). One call is one use of the refresh token, or none.</summary>
/// <remarks>
/// Safe for concurrent use. Implementations report failures as a <see cref="TokenEndpointResult"/>; they throw only before anything was
/// sent (<see cref="OperationCanceledException"/>, or a <see cref="TokenRefreshException"/>, which the callers then get), and on
/// programming errors.
/// </remarks>
public interface ITokenEndpointClient
{
    /// <summary>Presents the refresh token once.</summary>
    /// <param name="request">What to present, and the hook to await before the first byte of the body leaves.</param>
    /// <param name="cancellationToken">The deadline of the whole call. After the body left, its firing gives
    /// <see cref="TokenEndpointOutcome.Unknown"/>.</param>
    /// <returns>The new tokens, or what is known of the failure.</returns>
    ValueTask<TokenEndpointResult> RefreshAsync(TokenRequest request, CancellationToken cancellationToken = default);
}
