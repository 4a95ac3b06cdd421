namespace TokenRefresh;

/// <summary>
/// A provider that only follows a login (<see cref="TokenRefreshMode.Follow"/>) has waited for
/// <see cref="TokenRefreshOptions.LockTimeout"/>, and no program has saved new tokens. Nothing was sent or written.
/// </summary>
/// <param name="location">Where the credentials are.</param>
/// <param name="wait">How long was waited.</param>
/// <param name="holder">Who holds the lock of the login, as far as its record tells.</param>
/// <param name="message">What failed, on what, and what helps. No secret.</param>
/// <param name="innerException">What is noted of the last refresh, or <see langword="null"/>.</param>
public sealed class OwnerTimeoutException(
    string location, TimeSpan wait, LockHolder? holder, string message, Exception? innerException = null)
    : TokenRefreshException(message, isTransient: true, innerException)
{
    /// <summary>Gets where the credentials are.</summary>
    public string Location { get; } = location;

    /// <summary>
    /// Gets how long was waited: nothing at all, where the same token was waited for in vain less than
    /// <see cref="TokenRefreshOptions.LockTimeout"/> ago.
    /// </summary>
    public TimeSpan Wait { get; } = wait;

    /// <summary>Gets who holds the lock of the login, or <see langword="null"/> if no program does or it is not known.</summary>
    public LockHolder? Holder { get; } = holder;
}
