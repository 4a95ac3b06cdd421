namespace TokenRefresh;

/// <summary>
/// The base of everything this library throws when no token can be had. Its messages name path, setting and remedy, never a secret.
/// </summary>
public abstract class TokenRefreshException : Exception
{
    private protected TokenRefreshException(string message, bool isTransient, Exception? innerException)
        : base(message, innerException) => IsTransient = isTransient;

    /// <summary>Gets whether a later call may succeed without user action. A store of your own says so where it knows.</summary>
    public bool IsTransient { get; init; }
}
