namespace TokenRefresh;

/// <summary>Another process held the lock for longer than <see cref="TokenRefreshOptions.LockTimeout"/>. Nothing was sent.</summary>
public sealed class LockTimeoutException : TokenRefreshException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="path">The lock's path.</param>
    /// <param name="wait">How long was waited.</param>
    /// <param name="holder">Who holds the lock, as far as its record tells.</param>
    /// <param name="message">What failed, on what, and what helps. No secret.</param>
    public LockTimeoutException(string path, TimeSpan wait, LockHolder? holder, string message)
        : base(message, isTransient: true, innerException: null)
    {
        Path = path;
        Wait = wait;
        Holder = holder;
    }

    /// <summary>Gets the lock's path.</summary>
    public string Path { get; }

    /// <summary>Gets how long was waited.</summary>
    public TimeSpan Wait { get; }

    /// <summary>Gets who holds the lock, or <see langword="null"/> if its record does not tell.</summary>
    public LockHolder? Holder { get; }
}
