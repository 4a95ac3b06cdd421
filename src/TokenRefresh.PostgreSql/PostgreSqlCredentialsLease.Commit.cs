using System.Security.Cryptography;
using Npgsql;

namespace TokenRefresh.PostgreSql;

/// <content>The save.</content>
internal sealed partial class PostgreSqlCredentialsLease
{
    private static readonly TimeSpan LeastLimit = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    public async ValueTask<CredentialsCommit> CommitAsync(
        OAuthCredentials? expected,
        OAuthCredentials? next,
        CancellationToken cancellationToken = default)
    {
        long start = store.TimeProvider.GetTimestamp();
        _isPrepared = false;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                CredentialsCommit? made = await RunAsync(
                    c => TryCommitAsync(c, expected, next, start), () => SaveLimit(start)).ConfigureAwait(false);
                if (made is { } commit)
                {
                    return commit;
                }
            }
            catch (CryptographicException e)
            {
                throw Errors.UnsavedUnencrypted(store, e);
            }
            catch (Exception e) when (Errors.IsOfServer(e))
            {
                // Whether the write happened is not known, and the next try reads it.
                if (!Errors.IsTransient(e) || store.TimeProvider.GetElapsedTime(start) >= store.SaveTimeout)
                {
                    throw Errors.Unsaved(store, e);
                }

                await Task.Delay(Pause, store.TimeProvider, CancellationToken.None).ConfigureAwait(false);
                continue;
            }

            if (store.TimeProvider.GetElapsedTime(start) >= store.SaveTimeout)
            {
                throw new CredentialsSaveException(
                    $"The login could not be saved to '{Location}': the row changes faster than it can be merged. End what writes it.");
            }
        }
    }

    // Null if the row changed between read and write: read again.
    private async Task<CredentialsCommit?> TryCommitAsync(
        NpgsqlConnection c, OAuthCredentials? expected, OAuthCredentials? next, long start)
    {
        StoredRow row = await store.ReadRowAsync(c, CancellationToken.None, SaveLimit(start)).ConfigureAwait(false);
        OAuthCredentials? stored = store.Parse(row, out byte[] document);
        if (!IsSameLogin(expected, stored))
        {
            // A write whose confirmation was lost with its connection finds itself done.
            return HasSameTokens(next, stored) ? CredentialsCommit.Committed(stored) : CredentialsCommit.Superseded(stored);
        }

        if (next is null && stored is null)
        {
            return CredentialsCommit.Committed(null);
        }

        byte[] bytes = store.Protect(CredentialsJson.Write(document, next, store.Format, store.Clock!.GetUtcNow()));
        object?[]? written;
        TimeSpan limit = SaveLimit(start);
        try
        {
            written = row.Version < 0
                ? await Statements.RunAsync(
                    c,
                    store.Statements.AddDocument,
                    limit,
                    CancellationToken.None,
                    store.Name,
                    bytes,
                    store.Protects,
                    ChangeFeed.Channel,
                    store.ChangedPayload).ConfigureAwait(false)
                : await Statements.RunAsync(
                    c,
                    store.Statements.WriteDocument,
                    limit,
                    CancellationToken.None,
                    store.Name,
                    row.Version,
                    bytes,
                    store.Protects,
                    row.Document,
                    ChangeFeed.Channel,
                    store.ChangedPayload).ConfigureAwait(false);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.SerializationFailure)
        {
            // Where the default isolation is stricter, it is an error that the row has changed.
            return null;
        }

        if (written is not [long version, ..])
        {
            return null;
        }

        _mayHaveAttempt = false;
        if (!_isLost || row.Version == _version)
        {
            _version = version;
        }

        return CredentialsCommit.Committed(next);
    }

    // Half of what is left, so that a statement that hangs leaves time for another connection, and the save ends before the others count
    // its outcome as lost. The server's limits are whole seconds.
    private TimeSpan SaveLimit(long start)
    {
        TimeSpan half = (store.SaveTimeout - store.TimeProvider.GetElapsedTime(start)) / 2;
        TimeSpan limit = half < store.CommandTimeout ? half : store.CommandTimeout;
        return limit > LeastLimit ? limit : LeastLimit;
    }

    private static bool IsSameLogin(OAuthCredentials? one, OAuthCredentials? other) =>
        one is null || other is null
            ? one is null && other is null
            : one.RefreshToken == other.RefreshToken && (one.RefreshToken is not null || one.AccessToken == other.AccessToken);

    private static bool HasSameTokens(OAuthCredentials? one, OAuthCredentials? other) =>
        one is not null && other is not null && one.RefreshToken == other.RefreshToken && one.AccessToken == other.AccessToken;
}
