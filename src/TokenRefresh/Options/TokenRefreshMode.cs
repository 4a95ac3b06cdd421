namespace TokenRefresh;

/// <summary>Whether a provider refreshes its login, or follows another program that does.</summary>
public enum TokenRefreshMode
{
    /// <summary>The provider refreshes the login, in turn with the other programs that share it.</summary>
    Refresh,

    /// <summary>
    /// The provider never refreshes: it uses what is stored and, once that is expired or rejected, waits for another program to save new
    /// tokens. It takes no lock and writes nothing.
    /// </summary>
    Follow,

    /// <summary>
    /// <see cref="Follow"/> as long as the system would not let this process replace the credentials file, <see cref="Refresh"/> otherwise.
    /// </summary>
    FollowIfReadOnly,
}
