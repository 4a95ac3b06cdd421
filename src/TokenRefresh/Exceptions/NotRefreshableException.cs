namespace TokenRefresh;

/// <summary>The access token is expired, was rejected or can stand in no header, and there is no refresh token to replace it
/// with.</summary>
/// <param name="message">What failed, on what, and what helps. No secret.</param>
/// <param name="innerException">The cause, or <see langword="null"/>.</param>
public sealed class NotRefreshableException(string message, Exception? innerException = null)
    : TokenRefreshException(message, isTransient: false, innerException);
