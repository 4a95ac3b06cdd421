using System.Globalization;
using Npgsql;

namespace TokenRefresh.PostgreSql;

/// <summary>The statements, for one table, and how they are run.</summary>
internal sealed class Statements
{
    // Time moves on under a version too, so that a copy of the table that lags behind, and becomes the primary one, repeats none.
    private const string NextVersion = "greatest(t.version + 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)";
    private const string FirstVersion = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint";

    // The 64 bits of the key as the view shows them.
    private const string HoldersOfKey =
        "l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND (l.classid::bigint << 32 | l.objid::bigint) = $1"
        + " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())";

    private static readonly TimeSpan LongestOutcome =
        PostgreSqlStoreOptions.LongestRefreshTimeout + PostgreSqlStoreOptions.LongestSaveTimeout;

    // One that is further ahead was noted before the server's clock was set back.
    private static readonly string IsPending = string.Create(
        CultureInfo.InvariantCulture,
        $"t.attempt_until > clock_timestamp() AND t.attempt_until <= clock_timestamp() + interval '{LongestOutcome.TotalSeconds} seconds'");

    internal Statements(string table)
    {
        string quoted = TableName.Quote(table);
        CreateTable = $"""
            CREATE TABLE IF NOT EXISTS {quoted} (
                name          text        PRIMARY KEY,
                version       bigint      NOT NULL,
                document      bytea,
                protected     boolean     NOT NULL DEFAULT false,
                record        bytea       NOT NULL DEFAULT '',
                attempt_by    text,
                attempt_until timestamptz,
                updated       timestamptz NOT NULL DEFAULT clock_timestamp()
            )
            """;
        Read = $"""
            SELECT clock_timestamp(), t.version, t.document, t.protected, t.record, t.attempt_by, {IsPending}
            FROM (SELECT 1) AS always LEFT JOIN {quoted} AS t ON t.name = $1
            """;
        Prepare = $"""
            INSERT INTO {quoted} AS t (name, version) VALUES ($2, {FirstVersion})
            ON CONFLICT (name) DO UPDATE SET updated = t.updated
            RETURNING t.version, EXISTS (SELECT FROM pg_locks AS l WHERE {HoldersOfKey} AND l.pid = pg_backend_pid())
            """;
        WriteDocument = $"""
            WITH written AS (
                UPDATE {quoted} AS t SET version = {NextVersion}, document = $3, protected = $4,
                    attempt_by = NULL, attempt_until = NULL, updated = clock_timestamp()
                WHERE t.name = $1 AND t.version = $2 AND t.document IS NOT DISTINCT FROM $5
                RETURNING t.version)
            SELECT version, pg_notify($6, $7)::text FROM written
            """;
        AddDocument = $"""
            WITH written AS (
                INSERT INTO {quoted} (name, version, document, protected) VALUES ($1, {FirstVersion}, $2, $3)
                ON CONFLICT (name) DO NOTHING RETURNING version)
            SELECT version, pg_notify($4, $5)::text FROM written
            """;
        WriteRecord = $"""
            INSERT INTO {quoted} AS t (name, version, record) VALUES ($1, {FirstVersion}, $3)
            ON CONFLICT (name) DO UPDATE SET version = {NextVersion}, record = $3, updated = clock_timestamp()
            WHERE t.version = $2 OR t.attempt_by = $4
            RETURNING t.version
            """;
        WriteAttempt = $"""
            UPDATE {quoted} AS t SET version = {NextVersion}, record = $4, attempt_by = $5,
                attempt_until = clock_timestamp() + $6, updated = clock_timestamp()
            WHERE t.name = $2 AND t.version = $3
                AND EXISTS (SELECT FROM pg_locks AS l WHERE {HoldersOfKey} AND l.pid = pg_backend_pid())
            RETURNING t.version
            """;
        EndAttempt = $"""
            WITH ended AS (
                UPDATE {quoted} AS t SET version = {NextVersion}, attempt_by = NULL, attempt_until = NULL
                WHERE t.name = $1 AND t.attempt_by = $2
                RETURNING t.version)
            SELECT version, pg_notify($3, $4)::text FROM ended
            """;
    }

    internal static string Lock => "SELECT pg_try_advisory_lock($1), pg_is_in_recovery()";

    internal static string Unlock => "SELECT pg_advisory_unlock($1), pg_notify($2, $3)::text";

    internal static string UnlockSilently => "SELECT pg_advisory_unlock($1)";

    /// <summary>
    /// Gets the settings of a connection that holds a lease: its holder's name; a save that is durable also where that is switched off; and
    /// a lease that is free some fifteen seconds after its machine was lost, not two hours.
    /// </summary>
    internal static string Settings => """
        SELECT set_config('application_name', $1, false),
            set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on'
                ELSE current_setting('synchronous_commit') END, false),
            set_config('tcp_keepalives_idle', '5', false),
            set_config('tcp_keepalives_interval', '2', false),
            set_config('tcp_keepalives_count', '5', false),
            set_config('tcp_user_timeout', '15000', false)
        """;

    internal static string Holder =>
        $"SELECT a.application_name FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid WHERE {HoldersOfKey}";

    internal string CreateTable { get; }

    internal string Read { get; }

    internal string Prepare { get; }

    internal string WriteDocument { get; }

    internal string AddDocument { get; }

    internal string WriteRecord { get; }

    internal string WriteAttempt { get; }

    internal string EndAttempt { get; }

    /// <summary>Runs a statement and returns its first row, or <see langword="null"/> if there is none.</summary>
    internal static Task<object?[]?> RunAsync(NpgsqlConnection connection, string statement, params object?[] parameters) =>
        RunAsync(connection, statement, TimeSpan.FromSeconds(5), CancellationToken.None, parameters);

    internal static async Task<object?[]?> RunAsync(
        NpgsqlConnection connection,
        string statement,
        TimeSpan timeout,
        CancellationToken cancellationToken,
        params object?[] parameters)
    {
        NpgsqlCommand command = connection.CreateCommand();
        await using (command.ConfigureAwait(false))
        {
            command.CommandText = statement;
            command.CommandTimeout = Math.Max(1, (int)Math.Ceiling(timeout.TotalSeconds));
            foreach (object? parameter in parameters)
            {
                command.Parameters.Add(ToParameter(parameter));
            }

            NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                object?[]? row = null;
                if (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    row = new object?[reader.FieldCount];
                    for (var i = 0; i < row.Length; i++)
                    {
                        row[i] = reader.IsDBNull(i) ? null : reader.GetValue(i);
                    }
                }

                // An error of a statement that comes after its first row would be lost otherwise.
                while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                }

                return row;
            }
        }
    }

    // Typed, since NULL has no type of its own.
    private static NpgsqlParameter ToParameter(object? value) => value switch
    {
        long number => new NpgsqlParameter<long> { TypedValue = number },
        string text => new NpgsqlParameter<string> { TypedValue = text },
        bool flag => new NpgsqlParameter<bool> { TypedValue = flag },
        TimeSpan interval => new NpgsqlParameter<TimeSpan> { TypedValue = interval },
        byte[] bytes => new NpgsqlParameter<byte[]> { TypedValue = bytes },
        _ => new NpgsqlParameter { Value = DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Bytea },
    };
}
