namespace TokenRefresh;

/// <summary>
/// A login could not be written, or not made durable. Thrown by a sign-in or sign-out; a refresh keeps its tokens in memory, serves them,
/// saves them again as soon as possible, and hands this to <see cref="TokenRefreshEvents.SaveFailed"/>.
/// </summary>
/// <param name="message">What failed, on what, and what helps. No secret.</param>
/// <param name="innerException">The cause, or <see langword="null"/>.</param>
public sealed class CredentialsSaveException(string message, Exception? innerException = null)
    : TokenRefreshException(message, isTransient: true, innerException);
