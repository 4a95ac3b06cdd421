namespace TokenRefresh;

/// <summary>
/// The credentials cannot be read, or the directory cannot take a new file. No refresh token was sent because new tokens could not have
/// been stored, and the file's bytes are unchanged. Transient only if this process or the system had no file descriptor left, or if a store
/// on another machine or a keychain did not answer.
/// </summary>
/// <param name="path">The file or directory concerned.</param>
/// <param name="message">What failed, on what, and what helps. No secret.</param>
/// <param name="innerException">The cause, or <see langword="null"/>.</param>
public sealed class CredentialsFileException(string path, string message, Exception? innerException = null)
    : TokenRefreshException(message, isTransient: false, innerException)
{
    /// <summary>Gets the file or directory concerned.</summary>
    public string Path { get; } = path;

    /// <summary>Gets whether the file was read whole and holds no JSON at all: what a crash leaves, or UTF-16.</summary>
    internal bool IsDamaged { get; init; }
}
