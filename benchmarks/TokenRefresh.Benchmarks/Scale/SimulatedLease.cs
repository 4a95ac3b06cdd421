namespace TokenRefresh.Benchmarks.Scale;

/// <summary>The lease of a machine on the shared store: one connection, and the statements of the real one.</summary>
internal sealed class SimulatedLease(SimulatedStore store) : ICredentialsLease
{
    private readonly SimulatedServer _server = store.Server;

    public string Location => store.Location;

    public string LockPath => store.LockPath;

    public async ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default) =>
        await _server.DoAsync(isWrite: false, () => _server.Stored).ConfigureAwait(false);

    public async ValueTask<bool> PrepareAsync(CancellationToken cancellationToken = default) =>
        await _server.DoAsync(isWrite: true, () => true).ConfigureAwait(false);

    public async ValueTask<CredentialsCommit> CommitAsync(
        OAuthCredentials? expected, OAuthCredentials? next, CancellationToken cancellationToken = default)
    {
        await _server.DoAsync(isWrite: false, () => true).ConfigureAwait(false);
        return await _server.DoAsync(isWrite: true, () =>
        {
            if (!OAuthCredentials.AreSameLogin(expected, _server.Stored))
            {
                return CredentialsCommit.Superseded(_server.Stored);
            }

            _server.Stored = next;
            _server.Notify(isChange: true);
            return CredentialsCommit.Committed(next);
        }).ConfigureAwait(false);
    }

    public async ValueTask WriteRecordAsync(ReadOnlyMemory<byte> record, bool durable, CancellationToken cancellationToken = default) =>
        await _server.DoAsync(isWrite: true, () => _server.Record = record.ToArray()).ConfigureAwait(false);

    public async ValueTask DisposeAsync()
    {
        await _server.DoAsync(isWrite: true, () =>
        {
            _server.Unlock();
            return true;
        }).ConfigureAwait(false);
        _server.Close();
    }
}
