namespace TokenRefresh.Benchmarks.Peers;

/// <summary>The cache that most programs have: a semaphore around "is it still good, or fetch".</summary>
internal sealed class SemaphoreCache(Func<Task<(string Token, DateTimeOffset ExpiresAt)>> fetchAsync) : IDisposable
{
    private readonly SemaphoreSlim _oneAtATime = new(1, 1);
    private string? _token;
    private DateTimeOffset _expiresAt;

    internal async Task<string> GetTokenAsync()
    {
        await _oneAtATime.WaitAsync();
        try
        {
            if (_token is null || _expiresAt <= TimeProvider.System.GetUtcNow().AddMinutes(1))
            {
                (_token, _expiresAt) = await fetchAsync();
            }

            return _token;
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    public void Dispose() => _oneAtATime.Dispose();
}
