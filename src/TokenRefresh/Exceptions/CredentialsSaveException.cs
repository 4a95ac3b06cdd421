namespace TokenRefresh;

/// <summary>A new pair was obtained but could not be saved. The pair is kept in memory, served, and saved again as soon as possible.</summary>
public sealed class CredentialsSaveException : TokenRefreshException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What failed, on what, and what helps. No secret.</param>
    /// <param name="innerException">The cause, or <see langword="null"/>.</param>
    public CredentialsSaveException(string message, Exception? innerException = null)
        : base(message, isTransient: true, innerException)
    {
    }
}
