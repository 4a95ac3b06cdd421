namespace TokenRefresh.Keychain;

/// <summary>Says which item of the keychain holds the login, and how long the keychain may take.</summary>
/// <remarks>All programs that share a login name the same item. Read once, when the store is made.</remarks>
public sealed class KeychainOptions
{
    /// <summary>Gets or sets the item's service: the name of the login, as the user sees it in a program for keychains.</summary>
    /// <value>Required; no control characters, at most 255 characters.</value>
    public string Service { get; set; } = "";

    /// <summary>Gets or sets the item's account.</summary>
    /// <value>Default the name of the user; no control characters, at most 255 characters.</value>
    public string Account { get; set; } = Environment.UserName;

    /// <summary>Gets or sets where the login stands in the item's JSON document. Other members of it are kept.</summary>
    /// <value>Default <see cref="CredentialsFileFormat.Auto"/>, as for the file.</value>
    public CredentialsFileFormat Format { get; set; } = CredentialsFileFormat.Auto;

    /// <summary>Gets or sets how long one read may take.</summary>
    /// <value>Default 2 seconds; 100 milliseconds to 1 minute, and less than <see cref="TokenRefreshOptions.RefreshTimeout"/>. Then nothing
    /// is sent: a service that is stopped never answers.</value>
    public TimeSpan ReadTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Gets or sets how long a save may take in all: the comparison, the write, and the read that confirms it.</summary>
    /// <value>Default 5 seconds; 100 milliseconds to 1 minute, and at most <see cref="TokenRefreshOptions.SaveTimeout"/>. Then the tokens
    /// are kept in memory, served, and saved again; the lock is kept until the write has ended.</value>
    public TimeSpan WriteTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Gets or sets whether a locked keyring of the Secret Service may ask its user for the password.</summary>
    /// <value>Default <see langword="false"/>: one attempt to unlock it without a question. With <see langword="true"/> the question stands
    /// on the screen until the time limit of the call; raise <see cref="ReadTimeout"/> too. macOS asks by itself where there is a screen.
    /// </value>
    public bool AllowPrompt { get; set; }

    /// <summary>Gets or sets the credentials file that is used, unprotected, where there is no keychain.</summary>
    /// <value>Default <see langword="null"/>: there is none, and a machine without a keychain gets an error. The file is used, with a
    /// warning in the log, if it is there already or the keychain is unavailable, and never once the keychain has held this login.</value>
    public string? FallbackPath { get; set; }

    /// <summary>Gets or sets the directory of the lock files.</summary>
    /// <value>Default <see langword="null"/>: <c>token-refresh</c> in the state directory of the user (by user id, not by <c>HOME</c>), the
    /// same for all programs. If set, every program that shares the login must set the same one.</value>
    public string? StateDirectory { get; set; }

    /// <summary>Makes the options of Claude Code's item on macOS, <c>Claude Code-credentials</c>: the JSON of its file.</summary>
    /// <returns>New options, for the account of this user.</returns>
    public static KeychainOptions ClaudeCode() =>
        new() { Service = "Claude Code-credentials", Format = CredentialsFileFormat.ClaudeCode };

    /// <exception cref="TokenRefreshConfigurationException">A value is out of its range.</exception>
    internal KeychainOptions Validated(TokenRefreshOptions? login)
    {
        string? problem =
            ProblemOf(nameof(Service), Service)
            ?? ProblemOf(nameof(Account), Account)
            ?? ProblemOf(nameof(ReadTimeout), ReadTimeout)
            ?? ProblemOf(nameof(WriteTimeout), WriteTimeout)
            ?? (Format is null ? "'Format' is missing." : null)
            ?? (StateDirectory is null || Path.IsPathFullyQualified(StateDirectory) ? null : "'StateDirectory' must be a full path.")
            ?? (login is not null && ReadTimeout >= login.RefreshTimeout
                ? $"'ReadTimeout' ('{ReadTimeout}') must be less than 'RefreshTimeout' ('{login.RefreshTimeout}')."
                : null)
            ?? (login is not null && WriteTimeout > login.SaveTimeout
                ? $"'WriteTimeout' ('{WriteTimeout}') must be at most 'SaveTimeout' ('{login.SaveTimeout}')."
                : null);
        return problem is null
            ? (KeychainOptions)MemberwiseClone()
            : throw new TokenRefreshConfigurationException($"The options of the keychain are wrong: {problem}");
    }

    private static string? ProblemOf(string name, string? value) =>
        string.IsNullOrWhiteSpace(value) ? $"'{name}' is missing."
        : value.Length > 255 || value.Any(char.IsControl) ? $"'{name}' must have at most 255 characters and no control characters."
        : null;

    private static string? ProblemOf(string name, TimeSpan value) =>
        value < TimeSpan.FromMilliseconds(100) || value > TimeSpan.FromMinutes(1)
            ? $"'{name}' must be from 100 milliseconds to 1 minute, not '{value}'."
            : null;
}
