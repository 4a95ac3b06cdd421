using System.Buffers.Binary;
using System.Security.Cryptography;
using Npgsql;

namespace TokenRefresh.PostgreSql;

/// <summary>Makes sure, once per process and database, that a session lock belongs to one connection.</summary>
/// <remarks>
/// A proxy that pools by transaction gives each statement the next free session of the server: two clients then hold "the" lock of one
/// session at once, and the lock outlives them both. While the second connection here has a transaction open, such a proxy cannot give the
/// first one the same session again.
/// </remarks>
internal static class LockProof
{
    internal static async Task RunAsync(PostgreSqlCredentialsStore store)
    {
        long key = BinaryPrimitives.ReadInt64BigEndian(RandomNumberGenerator.GetBytes(sizeof(long)));
        bool isExclusive = await store.RunAsync(first => RunAsync(store, first, key), CancellationToken.None).ConfigureAwait(false);
        if (!isExclusive)
        {
            throw new LockUnavailableException(
                $"The advisory locks of '{store.Location}' exclude no one: a proxy in between pools by transaction. Connect to the server "
                + "itself, or to a proxy that pools by session. Nothing was sent.");
        }
    }

    private static async Task<bool> RunAsync(PostgreSqlCredentialsStore store, NpgsqlConnection first, long key)
    {
        const string Lock = "SELECT pg_backend_pid(), pg_try_advisory_lock($1)";
        const string Unlock = "SELECT pg_backend_pid(), pg_advisory_unlock($1)";
        object?[] held = (await store.ExecuteAsync(first, Lock, CancellationToken.None, key).ConfigureAwait(false))!;
        var isExclusive = true;
        NpgsqlConnection second = await store.OpenAsync(CancellationToken.None).ConfigureAwait(false);
        await using (second.ConfigureAwait(false))
        {
            NpgsqlTransaction transaction = await second.BeginTransactionAsync(CancellationToken.None).ConfigureAwait(false);
            await using (transaction.ConfigureAwait(false))
            {
                object?[] tried = (await store.ExecuteAsync(second, Lock, CancellationToken.None, key).ConfigureAwait(false))!;
                if (tried[1] is true)
                {
                    isExclusive = false;
                    await store.ExecuteAsync(second, Unlock, CancellationToken.None, key).ConfigureAwait(false);
                }

                // A second statement, which such a proxy sends to another session.
                object?[] same = (await store.ExecuteAsync(first, Unlock, CancellationToken.None, key).ConfigureAwait(false))!;
                isExclusive &= held[1] is true && same[1] is true && Equals(held[0], same[0]);
                if (!isExclusive)
                {
                    await store.ExecuteAsync(second, Unlock, CancellationToken.None, key).ConfigureAwait(false);
                }
            }
        }

        return isExclusive;
    }
}
