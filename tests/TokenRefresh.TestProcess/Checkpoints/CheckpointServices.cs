namespace TokenRefresh.TestProcess.Checkpoints;

/// <summary>What makes a provider park at a checkpoint. Everything else is the provider's own.</summary>
internal sealed class CheckpointServices : IDisposable
{
    private readonly CheckpointStore _store;
    private readonly HttpMessageInvoker _invoker;

    internal CheckpointServices(TokenRefreshOptions options, Checkpoint checkpoint)
    {
        _store = new CheckpointStore(options, checkpoint);
        _invoker = new HttpMessageInvoker(new CheckpointHandler(checkpoint));
    }

    internal CoordinatedTokenProviderServices Services => new() { CredentialsStore = _store, HttpMessageInvoker = _invoker };

    public void Dispose()
    {
        _store.Dispose();
        _invoker.Dispose();
    }
}
