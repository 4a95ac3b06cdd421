namespace TokenRefresh;

/// <summary>Another process held the lock for longer than <see cref="TokenRefreshOptions.LockTimeout"/>. Nothing was sent.</summary>
/// <param name="path">The lock's path.</param>
/// <param name="wait">How long was waited.</param>
/// <param name="holder">Who holds the lock, as far as its record tells.</param>
/// <param name="message">What failed, on what, and what helps. No secret.</param>
public sealed class LockTimeoutException(string path, TimeSpan wait, LockHolder? holder, string message)
    : TokenRefreshException(message, isTransient: true, innerException: null)
{
    /// <summary>Gets the lock's path.</summary>
    public string Path { get; } = path;

    /// <summary>Gets how long was waited.</summary>
    public TimeSpan Wait { get; } = wait;

    /// <summary>Gets who holds the lock, or <see langword="null"/> if its record does not tell.</summary>
    public LockHolder? Holder { get; } = holder;
}
