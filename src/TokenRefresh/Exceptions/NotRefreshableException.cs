namespace TokenRefresh;

/// <summary>The access token is expired, was rejected or can stand in no header, and there is no refresh token to replace it
/// with.</summary>
public sealed class NotRefreshableException : TokenRefreshException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What failed, on what, and what helps. No secret.</param>
    /// <param name="innerException">The cause, or <see langword="null"/>.</param>
    public NotRefreshableException(string message, Exception? innerException = null)
        : base(message, isTransient: false, innerException)
    {
    }
}
