namespace TokenRefresh.Tests.Http;

/// <summary>A provider as the contract wants it: it replaces the current token only when that very token was rejected.</summary>
internal sealed class RotatingTokens(string headerName = AccessToken.DefaultHeaderName) : ITokenProvider
{
    private readonly Lock _gate = new();
    private AccessToken _current = new("T1", headerName: headerName);

    public string HeaderName => headerName;

    public int Refreshes { get; private set; }

    public List<string> Rejected { get; } = [];

    /// <summary>What a refresh fails with, if it is to fail.</summary>
    public Exception? Failure { get; set; }

    /// <summary>What each call waits for.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    public async ValueTask<AccessToken> GetAccessTokenAsync(CancellationToken cancellationToken = default)
    {
        await Gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        lock (_gate)
        {
            return _current;
        }
    }

    public async ValueTask<AccessToken> RefreshAccessTokenAsync(AccessToken rejected, CancellationToken cancellationToken = default)
    {
        await Gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        lock (_gate)
        {
            Rejected.Add(rejected.Value);
            if (Failure is not null)
            {
                throw Failure;
            }

            if (rejected.Value == _current.Value)
            {
                _current = new AccessToken($"T{++Refreshes + 1}", headerName: headerName);
            }

            return _current;
        }
    }
}
