namespace TokenRefresh;

/// <summary>
/// A setting is wrong, or the server says that it is: client id, client authentication, scope, or the token endpoint's address. Or a newer
/// version of this library shares the login. The refresh token is untouched.
/// </summary>
/// <param name="message">What failed, on what, and what helps. No secret.</param>
/// <param name="innerException">The cause, or <see langword="null"/>.</param>
public sealed class TokenRefreshConfigurationException(string message, Exception? innerException = null)
    : TokenRefreshException(message, isTransient: false, innerException);
