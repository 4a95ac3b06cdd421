using TokenRefresh;

namespace ConcurrentSessions;

/// <summary>
/// Reads and writes the file properly and grants its lease to every caller at once: a lock that excludes no one, which shows that the
/// verdict can fail.
/// </summary>
internal sealed class NoOpLockCredentialsStore(string path) : ICredentialsStore
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(200);

    public string Location => path;

    public string LockPath => "(none)";

    public ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default) => new(CredentialsFile.Read(path));

    public ValueTask<ReadOnlyMemory<byte>> ReadRecordAsync(CancellationToken cancellationToken = default) => default;

    public ValueTask<LockHolder?> ReadHolderAsync(CancellationToken cancellationToken = default) => default;

    public ValueTask<ICredentialsLease?> AcquireLeaseAsync(TimeSpan timeout, CancellationToken cancellationToken = default) =>
        new(new Lease(path));

    public Task WaitForChangeAsync(CancellationToken cancellationToken = default) =>
        Task.Delay(LookAgain, TimeProvider.System, cancellationToken);

    private sealed class Lease(string path) : ICredentialsLease
    {
        public string Location => path;

        public string LockPath => "(none)";

        public ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default) => new(CredentialsFile.Read(path));

        public ValueTask<bool> PrepareAsync(CancellationToken cancellationToken = default) => new(true);

        public ValueTask<CredentialsCommit> CommitAsync(
            OAuthCredentials? expected, OAuthCredentials? next, CancellationToken cancellationToken = default)
        {
            var stored = CredentialsFile.Read(path);
            if (stored?.RefreshToken != expected?.RefreshToken)
            {
                return new(CredentialsCommit.Superseded(stored));
            }

            CredentialsFile.Write(path, next);
            return new(CredentialsCommit.Committed(next));
        }

        public ValueTask WriteRecordAsync(ReadOnlyMemory<byte> record, bool durable, CancellationToken cancellationToken = default) =>
            default;

        public ValueTask DisposeAsync() => default;
    }
}
