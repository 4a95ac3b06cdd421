using System.Globalization;
using Npgsql;
using TokenRefresh.PostgreSql;
using TokenRefresh.Tool.Storage;

namespace TokenRefresh.Tool.Checks;

/// <summary>Looks at the server, the table and the user's rights. Changes nothing.</summary>
internal static class PostgresChecks
{
    private const string Server = """
        SELECT pg_is_in_recovery(), current_user::text, current_database()::text,
            $1 = '' OR EXISTS (SELECT FROM pg_namespace WHERE nspname = $1),
            $1 = '' OR coalesce((SELECT has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname = $1), false)
        """;

    private const string Rights = """
        SELECT to_regclass($1) IS NOT NULL, coalesce(has_table_privilege(to_regclass($1), 'SELECT'), false),
            coalesce(has_table_privilege(to_regclass($1), 'INSERT'), false),
            coalesce(has_table_privilege(to_regclass($1), 'UPDATE'), false)
        """;

    internal static async Task<IReadOnlyList<Finding>> LookAsync(PostgreSqlCredentialsStore store)
    {
        try
        {
            return await store.RunAsync(connection => LookAsync(store, connection), CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (Errors.IsOfServer(e))
        {
            return [Finding.OfMessage("server", $"'{store.Location}': {Errors.Explain(e)}", StoreKind.Postgres)];
        }
    }

    private static async Task<IReadOnlyList<Finding>> LookAsync(PostgreSqlCredentialsStore store, NpgsqlConnection connection)
    {
        string schema = store.Table.Contains('.', StringComparison.Ordinal) ? store.Table.Split('.')[0] : "";
        object?[] server = (await store.ExecuteAsync(connection, Server, CancellationToken.None, schema).ConfigureAwait(false))!;
        (string user, string database) = ((string)server[1]!, (string)server[2]!);
        var findings = new List<Finding>
        {
            server[0] is true
                ? Finding.Problem(
                    "server", $"The server of '{store.Location}' is a read-only copy, whose locks exclude no one on the primary one.",
                    "Connect to the primary one: 'Target Session Attributes=primary' where there are several hosts.")
                : Finding.Fine("server", string.Create(
                    CultureInfo.InvariantCulture, $"PostgreSQL {connection.PostgreSqlVersion} answers user '{user}'.")),
        };
        if (server[3] is not true)
        {
            findings.Add(Finding.Problem(
                "schema", $"Database '{database}' has no schema '{schema}', which '--postgres-table' names.",
                $"Run 'CREATE SCHEMA {schema}' in it, or correct '--postgres-table'."));
            return findings;
        }

        findings.Add(server[4] is true
            ? await TableAsync(store, connection, user, database).ConfigureAwait(false)
            : Finding.Problem(
                "rights", $"User '{user}' may not use schema '{schema}' of database '{database}'.",
                $"Have its owner run 'GRANT USAGE ON SCHEMA {schema} TO \"{user}\"'."));
        findings.Add(await LockAsync(store).ConfigureAwait(false));
        return findings;
    }

    private static async Task<Finding> TableAsync(
        PostgreSqlCredentialsStore store, NpgsqlConnection connection, string user, string database)
    {
        object?[] table = (await store.ExecuteAsync(
            connection, Rights, CancellationToken.None, TableName.Quote(store.Table)).ConfigureAwait(false))!;
        if (table[0] is not true)
        {
            return Finding.Problem(
                "table", $"Database '{database}' has no table '{store.Table}'.",
                "Set 'postgresCreateTable' to true in the profile, so that the next command makes it.");
        }

        string[] all = ["SELECT", "INSERT", "UPDATE"];
        string[] missing = [.. all.Where((_, i) => table[i + 1] is not true)];
        return missing.Length == 0
            ? Finding.Fine("table", $"'{store.Table}' of database '{database}' can be read and written.")
            : Finding.Problem(
                "rights",
                $"User '{user}' has no right to {string.Join(" and ", missing)} in table '{store.Table}' of database '{database}'.",
                $"Have its owner run 'GRANT {string.Join(", ", missing)} ON {store.Table} TO \"{user}\"'.");
    }

    // A proxy in between may give each statement another session.
    private static async Task<Finding> LockAsync(PostgreSqlCredentialsStore store)
    {
        try
        {
            await LockProof.RunAsync(store).ConfigureAwait(false);
            return Finding.Fine("lock", "A lock of this server excludes others.");
        }
        catch (LockUnavailableException e)
        {
            return Finding.OfMessage("lock", e.Message, StoreKind.Postgres);
        }
    }
}
