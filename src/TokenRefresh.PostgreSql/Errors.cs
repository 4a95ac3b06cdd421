using System.Data;
using System.Data.Common;
using System.Net.Sockets;
using Npgsql;

namespace TokenRefresh.PostgreSql;

/// <summary>Tells the failures of a server and its connections apart, and says what helps.</summary>
internal static class Errors
{
    private const string KeyRing = "Check that the key ring of 'DataProtection' can be read and written.";

    /// <summary>Whether it is a failure of the server or of the way there, not of this code.</summary>
    internal static bool IsOfServer(Exception e) =>
        e is DbException or TimeoutException or IOException or SocketException
        || e is InvalidOperationException and not ObjectDisposedException;

    /// <summary>Whether the session has ended, or what it did is not known: a lock that it held no longer counts.</summary>
    internal static bool IsConnectionLost(Exception e, NpgsqlConnection connection) =>
        IsOfServer(e) && (e is not PostgresException || connection.State != ConnectionState.Open);

    /// <summary>Whether the connection had ended while it was in the pool, so that another one may work.</summary>
    internal static bool IsStale(Exception e, NpgsqlConnection connection) =>
        IsConnectionLost(e, connection) && connection.State != ConnectionState.Open && e.InnerException is not TimeoutException;

    internal static bool IsTransient(Exception e) =>
        e is not NpgsqlException server || server.IsTransient || e is PostgresException { SqlState: PostgresErrorCodes.QueryCanceled };

    internal static CredentialsFileException Unreadable(PostgreSqlCredentialsStore store, Exception e) =>
        new(store.Location, $"The login in '{store.Location}' cannot be read, or not be saved: {Explain(e)} Nothing was sent.", e)
        {
            IsTransient = IsTransient(e),
        };

    internal static LockUnavailableException Unlockable(PostgreSqlCredentialsStore store, Exception e) =>
        new($"The lock of '{store.Location}' cannot be had: {Explain(e)} Nothing was sent.", e) { IsTransient = IsTransient(e) };

    internal static CredentialsSaveException Unsaved(PostgreSqlCredentialsStore store, Exception e) =>
        new($"'{store.Location}' could not be written: {Explain(e)}", e) { IsTransient = IsTransient(e) };

    internal static LockUnavailableException LeaseLost(PostgreSqlCredentialsStore store) =>
        new($"The lease on '{store.Location}' was lost with its connection, and nothing was written. Try again.") { IsTransient = true };

    internal static LockUnavailableException PoolUsedUp(PostgreSqlCredentialsStore store, TimeSpan waited, int leases) =>
        new($"The lock of '{store.Location}' was not tried within '{waited}': other logins of this process kept all {leases} connections "
            + "that leases may have. Nothing was sent. Raise 'Maximum Pool Size', or 'LockTimeout'.")
        {
            IsTransient = true,
        };

    internal static LockUnavailableException Copy(PostgreSqlCredentialsStore store) =>
        new($"The server of '{store.Location}' is a read-only copy, whose locks exclude no one on the primary one. Nothing was sent. "
            + "Connect to the primary one: 'Target Session Attributes=primary' where there are several hosts.");

    internal static CredentialsFileException Protected(PostgreSqlCredentialsStore store) =>
        new(store.Location, $"The login in '{store.Location}' is encrypted. Set 'DataProtection' to the key ring that it was stored with.");

    internal static CredentialsFileException Undecryptable(PostgreSqlCredentialsStore store, Exception e) =>
        new(
            store.Location,
            $"The login in '{store.Location}' cannot be decrypted: {e.Message} It was left as it is. All machines need the same key ring, "
            + "the same application name and the same name of the login; if its key is lost, delete the row and sign in again.",
            e);

    internal static CredentialsFileException Unencryptable(PostgreSqlCredentialsStore store, Exception e) =>
        new(store.Location, $"A login for '{store.Location}' cannot be encrypted: {e.Message} Nothing was sent. {KeyRing}", e);

    internal static CredentialsSaveException UnsavedUnencrypted(PostgreSqlCredentialsStore store, Exception e) =>
        new($"The login for '{store.Location}' could not be encrypted, and was not written: {e.Message} {KeyRing}", e);

    /// <summary>Says why, and in the last sentence what helps.</summary>
    internal static string Explain(Exception e)
    {
        if (e is not PostgresException server)
        {
            string cause = e.InnerException is { } inner && !e.Message.Contains(inner.Message, StringComparison.Ordinal)
                ? $"{e.Message.TrimEnd('.')}: {inner.Message}"
                : e.Message;
            return $"{cause.TrimEnd('.')}. Check that the server can be reached.";
        }

        string remedy = server.SqlState switch
        {
            PostgresErrorCodes.UndefinedTable => "Create the table: set 'CreateTable', or run 'CreateTableSql' in a migration.",
            PostgresErrorCodes.InsufficientPrivilege => "Grant this user SELECT, INSERT and UPDATE on the table.",
            PostgresErrorCodes.ReadOnlySqlTransaction => "Connect to the primary server: 'Target Session Attributes=primary'.",
            PostgresErrorCodes.InvalidCatalogName => "Correct 'Database' in the connection string.",
            PostgresErrorCodes.QueryCanceled => "Raise 'statement_timeout', or find out why the server is slow.",
            PostgresErrorCodes.TooManyConnections => "Raise 'max_connections', or lower the pools' 'Maximum Pool Size'.",
            PostgresErrorCodes.DiskFull => "Make room on the server's disk.",
            _ when server.SqlState.StartsWith("28", StringComparison.Ordinal) => "Check user name and password.",
            _ => "See the server's log.",
        };
        return $"{server.MessageText} ({server.SqlState}). {remedy}";
    }
}
