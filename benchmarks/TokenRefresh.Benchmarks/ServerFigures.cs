using TokenRefresh.PostgreSql.Tests.Support;

namespace TokenRefresh.Benchmarks;

/// <summary>What PostgreSQL itself counts.</summary>
internal static class ServerFigures
{
    /// <summary>Counts the transactions so far; each statement outside of one is one. Takes two seconds.</summary>
    internal static async Task<long> CountTransactionsAsync(this PostgreSqlServer server)
    {
        // Sessions tell theirs when they have been idle for a second.
        await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System);
        return (long)(await server.QueryAsync(
            "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"))!;
    }
}
