namespace TokenRefresh.Tool.Storage;

/// <summary>Where a profile keeps its login, and what the stores but the file's need to know for that.</summary>
internal sealed class StoreSettings
{
    public StoreKind Kind { get; set; }

    public string? KeychainService { get; set; }

    public string? KeychainAccount { get; set; }

    public bool KeychainAllowPrompt { get; set; }

    public string? KeychainStateDirectory { get; set; }

    public TimeSpan? KeychainReadTimeout { get; set; }

    public TimeSpan? KeychainWriteTimeout { get; set; }

    /// <summary>Gets or sets the connection string: a secret, as it holds a password.</summary>
    public string? PostgresConnection { get; set; }

    /// <summary>Gets or sets the file that holds the connection string.</summary>
    public string? PostgresConnectionFile { get; set; }

    public string? PostgresTable { get; set; }

    /// <summary>Gets or sets the key of the row; the profile's name where it is not set.</summary>
    public string? PostgresName { get; set; }

    public bool PostgresCreateTable { get; set; }

    public TimeSpan? PostgresCommandTimeout { get; set; }

    /// <summary>Gets or sets the directory of the keys by which the row is encrypted.</summary>
    public string? PostgresKeyRing { get; set; }

    /// <summary>Gets or sets the application name that all programs give to that key ring.</summary>
    public string? PostgresApplication { get; set; }
}
