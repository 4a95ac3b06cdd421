using Microsoft.AspNetCore.DataProtection;
using Npgsql;

namespace TokenRefresh.PostgreSql;

/// <summary>Says where in PostgreSQL a login is kept, and how. Read once, when the store is made.</summary>
public sealed class PostgreSqlStoreOptions
{
    internal static readonly TimeSpan LongestRefreshTimeout = TimeSpan.FromMinutes(10);
    internal static readonly TimeSpan LongestSaveTimeout = TimeSpan.FromMinutes(1);

    /// <summary>Gets or sets the connections to the database: with your own credentials, certificates and hosts.</summary>
    /// <value>Default <see langword="null"/>: they are made from <see cref="ConnectionString"/>. What you give, you dispose.</value>
    public NpgsqlDataSource? DataSource { get; set; }

    /// <summary>Gets or sets the connection string, where there is no <see cref="DataSource"/>. A secret: it holds a password.</summary>
    /// <value>Default <see langword="null"/>. Several hosts need <c>Target Session Attributes=primary</c>, and a proxy that pools by
    /// transaction is refused.</value>
    public string? ConnectionString { get; set; }

    /// <summary>Gets or sets the table, with its schema if it has one: <c>name</c> or <c>schema.name</c>.</summary>
    /// <value>Default <c>token_refresh</c>; lower-case letters, digits and underscores.</value>
    public string Table { get; set; } = "token_refresh";

    /// <summary>Gets or sets the login's name, the key of its row.</summary>
    /// <value>Default <c>default</c>, with <c>UsePostgreSql</c> the name of the login; 1 to 200 characters.</value>
    public string Name { get; set; } = "default";

    /// <summary>Gets or sets whether the table is created where it is missing.</summary>
    /// <value>Default <see langword="false"/>: a missing table is an error, and <see cref="PostgreSqlCredentialsStore.CreateTableSql"/>
    /// is for your migrations.</value>
    public bool CreateTable { get; set; }

    /// <summary>Gets or sets the format of the document.</summary>
    /// <value>Default <see cref="CredentialsFileFormat.FlatOAuth"/>; another one for documents that come from elsewhere.</value>
    public CredentialsFileFormat FileFormat { get; set; } = CredentialsFileFormat.FlatOAuth;

    /// <summary>Gets or sets what encrypts the document, so that a dump of the table holds no token.</summary>
    /// <value>
    /// Default <see langword="null"/>: it is stored as it is. All machines need the same key ring and application name, and the ring must
    /// outlive the logins. A row that is not encrypted yet is read, and encrypted by its next save.
    /// </value>
    public IDataProtectionProvider? DataProtection { get; set; }

    /// <summary>Gets or sets how long one statement may take, the connection included.</summary>
    /// <value>Default 5 seconds; 1 second to 1 minute, and less than <see cref="RefreshTimeout"/>. After that it has failed, and a lease
    /// that it was under counts as lost. A statement of a save takes at most half of what is left of <see cref="SaveTimeout"/>, or a
    /// second.</value>
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Gets or sets the <see cref="TokenRefreshOptions.RefreshTimeout"/> of the login.</summary>
    /// <value>
    /// Default 20 seconds, with <c>UsePostgreSql</c> that of the login; 1 second to 10 minutes. With <see cref="SaveTimeout"/> it is how
    /// long other machines wait for the outcome of an exchange whose process lost its connection or was killed.
    /// </value>
    public TimeSpan RefreshTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Gets or sets the <see cref="TokenRefreshOptions.SaveTimeout"/> of the login: how long a save is tried.</summary>
    /// <value>Default 5 seconds, with <c>UsePostgreSql</c> that of the login; 100 milliseconds to 1 minute.</value>
    public TimeSpan SaveTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Gets or sets the clock of waiting, and the one whose difference to the server's is measured.</summary>
    /// <value>Default <see langword="null"/>: that of the system; with <c>UsePostgreSql</c> that of the container.</value>
    public TimeProvider? TimeProvider { get; set; }

    /// <summary>Refuses what cannot work.</summary>
    /// <exception cref="TokenRefreshConfigurationException">An option is out of its range.</exception>
    internal void Validate()
    {
        if (DataSource is null && string.IsNullOrWhiteSpace(ConnectionString))
        {
            throw new TokenRefreshConfigurationException($"Set '{nameof(DataSource)}' or '{nameof(ConnectionString)}'.");
        }

        if (!TableName.IsValid(Table))
        {
            throw new TokenRefreshConfigurationException(
                $"'{nameof(Table)}' is '{Table}', not 'name' or 'schema.name' of lower-case letters, digits and underscores.");
        }

        if (string.IsNullOrEmpty(Name) || Name.Length > 200)
        {
            throw new TokenRefreshConfigurationException($"'{nameof(Name)}' has {Name?.Length ?? 0} characters, not 1 to 200.");
        }

        if (Name.Contains('\0', StringComparison.Ordinal))
        {
            throw new TokenRefreshConfigurationException($"'{nameof(Name)}' holds a NUL character. Remove it.");
        }

        if (FileFormat is null)
        {
            throw new TokenRefreshConfigurationException($"'{nameof(FileFormat)}' is null. Name a format, or leave the default.");
        }

        CheckRange(nameof(CommandTimeout), CommandTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        CheckRange(nameof(RefreshTimeout), RefreshTimeout, TimeSpan.FromSeconds(1), LongestRefreshTimeout);
        CheckRange(nameof(SaveTimeout), SaveTimeout, TimeSpan.FromMilliseconds(100), LongestSaveTimeout);
        if (CommandTimeout >= RefreshTimeout)
        {
            throw new TokenRefreshConfigurationException(
                $"'{nameof(CommandTimeout)}' is '{CommandTimeout}', not less than '{nameof(RefreshTimeout)}', '{RefreshTimeout}': a "
                + $"refresh would end while a statement of it still runs. Lower '{nameof(CommandTimeout)}'.");
        }
    }

    private static void CheckRange(string name, TimeSpan value, TimeSpan least, TimeSpan most)
    {
        if (value < least || value > most)
        {
            throw new TokenRefreshConfigurationException($"'{name}' is '{value}', not between '{least}' and '{most}'.");
        }
    }
}
