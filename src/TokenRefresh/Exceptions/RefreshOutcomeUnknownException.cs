namespace TokenRefresh;

/// <summary>A refresh was sent and no answer was understood: the server may or may not have rotated the refresh token.</summary>
public sealed class RefreshOutcomeUnknownException : TokenRefreshException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What failed, on what, and what helps. No secret.</param>
    /// <param name="innerException">The cause, or <see langword="null"/>.</param>
    public RefreshOutcomeUnknownException(string message, Exception? innerException = null)
        : base(message, isTransient: true, innerException)
    {
    }
}
