namespace TokenRefresh;

/// <summary>
/// A login could not be written, or not made durable. Thrown by a sign-in or sign-out; a refresh keeps its tokens in memory, serves them,
/// saves them again as soon as possible, and hands this to <see cref="TokenRefreshEvents.SaveFailed"/>.
/// </summary>
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
