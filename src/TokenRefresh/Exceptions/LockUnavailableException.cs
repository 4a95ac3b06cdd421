namespace TokenRefresh;

/// <summary>
/// The credentials cannot be locked here: no permission, a file system without locks, or a file system whose locks are not exclusive.
/// Nothing was sent. Transient only if this process or the system had no file descriptor left, or a store on another machine could not be
/// reached.
/// </summary>
/// <param name="message">What failed, on what, and what helps. No secret.</param>
/// <param name="innerException">The cause, or <see langword="null"/>.</param>
public sealed class LockUnavailableException(string message, Exception? innerException = null)
    : TokenRefreshException(message, isTransient: false, innerException);
