namespace TokenRefresh;

/// <summary>Names a lock by which another program guards the same credentials. Immutable.</summary>
/// <example>
/// <code>
/// options.CompatibleLocks = CompatibleLock.ClaudeCode;
/// options.CompatibleLocks =
/// [
///     new CompatibleLock("{directory}.lock") { StaleAfter = TimeSpan.FromMinutes(2), HeartbeatInterval = TimeSpan.FromSeconds(10) },
///     new CompatibleLock("~/.cli/auth.lock") { Kind = CompatibleLockKind.File },
/// ];
/// </code>
/// </example>
public sealed class CompatibleLock
{
    private const string DirectoryPlaceholder = "{directory}";

    /// <summary>Names a lock.</summary>
    /// <param name="path">See <see cref="Path"/>.</param>
    public CompatibleLock(string path) => Path = path;

    /// <summary>
    /// Gets Claude Code's locks, as publicly reported: the directory <c>.oauth_refresh.lock</c> beside the credentials, then the one that
    /// is named like their own directory, with <c>.lock</c> behind it. Both are stale after 60 seconds and have a heartbeat of 5.
    /// </summary>
    public static IReadOnlyList<CompatibleLock> ClaudeCode { get; } =
        [new(".oauth_refresh.lock"), new(DirectoryPlaceholder + ".lock")];

    /// <summary>
    /// Gets the locks of codex, as its version 0.171.0 takes them: the files <c>auth.lock</c> and <c>auth.json.lock</c> beside the
    /// credentials.
    /// </summary>
    /// <remarks>
    /// codex holds them while it saves, and not while it refreshes, so its own exchange may still meet one of this library; see
    /// <c>docs/guarantees.md</c>.
    /// </remarks>
    public static IReadOnlyList<CompatibleLock> Codex { get; } =
        [new("auth.lock") { Kind = CompatibleLockKind.File }, new("auth.json.lock") { Kind = CompatibleLockKind.File }];

    /// <summary>Gets where the lock is.</summary>
    /// <value>
    /// No default. A path to a directory or file; a leading <c>~</c> is the user's home, a leading <c>{directory}</c> the directory of the
    /// credentials with every link resolved; a relative path is resolved against the directory of
    /// <see cref="TokenRefreshOptions.CredentialsPath"/> as it is configured.
    /// </value>
    public string Path { get; }

    /// <summary>Gets how the program locks.</summary>
    /// <value>Default <see cref="CompatibleLockKind.Directory"/>.</value>
    public CompatibleLockKind Kind { get; init; }

    /// <summary>Gets after which time without a heartbeat other programs take the lock for left over.</summary>
    /// <value>
    /// Default 60 seconds; 2 seconds to 1 hour, and more than <see cref="TokenRefreshOptions.RefreshTimeout"/> and
    /// <see cref="TokenRefreshOptions.SaveTimeout"/> together. As the other program has it: with more, a left-over lock blocks for longer;
    /// with less, one that is alive may be taken over. No effect on a <see cref="CompatibleLockKind.File"/>.
    /// </value>
    public TimeSpan StaleAfter { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Gets how often the holder renews the lock.</summary>
    /// <value>
    /// Default 5 seconds; 1 second to half of <see cref="StaleAfter"/>, and with a second more less than
    /// <see cref="TokenRefreshOptions.LockTimeout"/>. At least that of the other program: a lock that is old and was seen unchanged for so
    /// long, and a second more, counts as left over. No effect on a <see cref="CompatibleLockKind.File"/>.
    /// </value>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Gives the full path.</summary>
    /// <param name="directory">The directory of the credentials as it is configured.</param>
    /// <param name="realDirectory">The same, with every link resolved.</param>
    /// <exception cref="TokenRefreshConfigurationException">As <see cref="CredentialsPath.Resolve(string)"/>.</exception>
    internal string ResolvePath(string directory, string realDirectory) => CredentialsPath.Resolve(
        Path.StartsWith(DirectoryPlaceholder, StringComparison.Ordinal) ? realDirectory + Path[DirectoryPlaceholder.Length..]
        : Path[0] == '~' ? Path
        : System.IO.Path.Combine(directory, Path));
}
