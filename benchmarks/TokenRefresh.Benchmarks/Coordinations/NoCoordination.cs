namespace TokenRefresh.Benchmarks.Coordinations;

/// <summary>Has nothing to wait for. What a round of this costs is the harness's own, and in every other figure too.</summary>
internal sealed class NoCoordination : ICoordination
{
    public Task<string> GetTokenAsync() => Task.FromResult("none");

    public Task<IAsyncDisposable> LockAsync() => Task.FromResult<IAsyncDisposable>(this);

    public ValueTask DisposeAsync() => default;
}
