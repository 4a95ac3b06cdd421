using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.PostgreSql;
using TokenRefresh.Tool.Checks;

namespace TokenRefresh.Tool.Storage;

/// <summary>A row of PostgreSQL.</summary>
internal sealed class PostgresLoginStore : LoginStore
{
    private readonly PostgreSqlCredentialsStore _row;
    private readonly ServiceProvider? _keys;

    private PostgresLoginStore(PostgreSqlCredentialsStore row, CredentialsFileFormat format, ServiceProvider? keys)
        : base(StoreKind.Postgres, format) => (_row, _keys) = (row, keys);

    internal override ICredentialsStore Store => _row;

    public override async ValueTask DisposeAsync()
    {
        await _row.DisposeAsync().ConfigureAwait(false);
        if (_keys is not null)
        {
            await _keys.DisposeAsync().ConfigureAwait(false);
        }
    }

    internal static PostgresLoginStore Open(Profile profile, TokenRefreshOptions options)
    {
        StoreSettings settings = profile.Store;
        (string connection, string origin) = ConnectionString(profile);
        ServiceProvider? keys = settings.PostgresKeyRing is { } ring ? OpenKeyRing(ring, settings.PostgresApplication) : null;
        var row = new PostgreSqlStoreOptions
        {
            ConnectionString = connection,
            Name = settings.PostgresName ?? profile.Name,
            CreateTable = settings.PostgresCreateTable,
            FileFormat = options.FileFormat,
            DataProtection = keys?.GetRequiredService<IDataProtectionProvider>(),
            RefreshTimeout = options.RefreshTimeout,
            SaveTimeout = options.SaveTimeout,
            TimeProvider = profile.Time,
        };
        row.Table = settings.PostgresTable ?? row.Table;
        row.CommandTimeout = settings.PostgresCommandTimeout ?? row.CommandTimeout;
        try
        {
            return new(new PostgreSqlCredentialsStore(row), options.FileFormat, keys);
        }
        catch (TokenRefreshConfigurationException e)
        {
            bool isAddress = connection.StartsWith("postgres", StringComparison.OrdinalIgnoreCase)
                && connection.Contains("://", StringComparison.Ordinal);
            string hint = isAddress && e.Message.StartsWith("'ConnectionString'", StringComparison.Ordinal)
                ? " An address 'postgres://...' is not taken; write 'Host=...;Username=...;Database=...'."
                : "";
            throw new TokenRefreshConfigurationException(
                e.Message.Replace("'ConnectionString'", origin, StringComparison.Ordinal) + hint, e);
        }
    }

    internal override async ValueTask<ReadOnlyMemory<byte>> ReadDocumentAsync() =>
        await _row.ReadDocumentAsync(CancellationToken.None).ConfigureAwait(false);

    internal override Task<IReadOnlyList<Finding>> CheckAsync() => PostgresChecks.LookAsync(_row);

    // And how an error names where it is from: never by what it is.
    private static (string Text, string Origin) ConnectionString(Profile profile)
    {
        StoreSettings settings = profile.Store;
        if (settings.PostgresConnection is { } given)
        {
            string member = profile.IsOverridden("postgresConnection") ? "'TOKEN_REFRESH_POSTGRES'" : "'postgresConnection'";
            return string.IsNullOrWhiteSpace(given)
                ? throw new ToolException($"{member} is empty. Set it to the connection string.")
                : (given, member);
        }

        string path = settings.PostgresConnectionFile ?? throw new ToolException(
            "The store is PostgreSQL, and its connection string is not known. Set the variable 'TOKEN_REFRESH_POSTGRES' to it, or "
            + "'--postgres-file' to a file that holds it.");
        string origin = $"'{path}', which '--postgres-file' names,";
        try
        {
            string text = File.ReadAllText(CredentialsPath.Resolve(path)).Trim();
            return text.Length == 0
                ? throw new ToolException($"{origin} is empty. Write the connection string into it.")
                : (text, origin);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ToolException(
                $"{origin} cannot be read: {e.Message.TrimEnd('.')}. Give this user read access to it, or name another one.");
        }
    }

    private static ServiceProvider OpenKeyRing(string ring, string? application)
    {
        var directory = new DirectoryInfo(CredentialsPath.Resolve(ring));
        if (!directory.Exists)
        {
            // It would be made, with a key by which no other program can read.
            throw new ToolException($"There is no directory '{directory.FullName}', which 'postgresKeyRing' names.");
        }

        if (application is null)
        {
            throw new ToolException("'postgresKeyRing' needs 'postgresApplication': the application name that all programs give to it.");
        }

        var services = new ServiceCollection();
        services.AddDataProtection().SetApplicationName(application).PersistKeysToFileSystem(directory);
        return services.BuildServiceProvider();
    }
}
