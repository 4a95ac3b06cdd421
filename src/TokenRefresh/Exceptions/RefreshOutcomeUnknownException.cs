namespace TokenRefresh;

/// <summary>A refresh was sent and no answer was understood: the server may or may not have rotated the refresh token.</summary>
/// <param name="message">What failed, on what, and what helps. No secret.</param>
/// <param name="innerException">The cause, or <see langword="null"/>.</param>
public sealed class RefreshOutcomeUnknownException(string message, Exception? innerException = null)
    : TokenRefreshException(message, isTransient: true, innerException);
