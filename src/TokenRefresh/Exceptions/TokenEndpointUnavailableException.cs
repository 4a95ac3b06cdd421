namespace TokenRefresh;

/// <summary>
/// No token can be had for the moment: the token endpoint cannot be reached or asks to retry later, a resource keeps rejecting new tokens,
/// or another process has new tokens and cannot save them yet. The login is not lost.
/// </summary>
/// <param name="message">What failed, on what, and what helps. No secret.</param>
/// <param name="retryAt">When the next attempt will be made at the earliest, or <see langword="null"/> if at once.</param>
/// <param name="innerException">The cause, or <see langword="null"/>.</param>
public sealed class TokenEndpointUnavailableException(string message, DateTimeOffset? retryAt = null, Exception? innerException = null)
    : TokenRefreshException(message, isTransient: true, innerException)
{
    /// <summary>Gets the moment before which no further attempt is made, by the wall clock; <see langword="null"/> if at once.</summary>
    public DateTimeOffset? RetryAt { get; } = retryAt;
}
