namespace TokenRefresh.Benchmarks.Coordinations;

/// <summary>One way in which processes that share a credentials file keep out of each other's way.</summary>
internal interface ICoordination : IAsyncDisposable
{
    /// <summary>Gets a valid token: the stored one, another process's, or a refreshed one.</summary>
    Task<string> GetTokenAsync();

    /// <summary>Takes the lock that guards a refresh, and nothing else.</summary>
    /// <returns>What gives it back.</returns>
    Task<IAsyncDisposable> LockAsync();
}
