namespace TokenRefresh.TestKit.Logins;

/// <summary>A refresh in this process whose request stands still at the server. Disposal lets the request go.</summary>
public sealed class ParkedExchange : IDisposable
{
    private readonly ParkedRequest _request;

    private ParkedExchange(ParkedRequest request, Task<AccessToken> caller) => (_request, Caller) = (request, caller);

    /// <summary>Gets the call that waits for the refresh.</summary>
    public Task<AccessToken> Caller { get; }

    /// <summary>Asks a provider whose token has expired for a token, and waits until its request is at the server.</summary>
    /// <param name="login">The login.</param>
    /// <param name="provider">The provider.</param>
    /// <param name="point">Where the request stands; by default it is decided on, and its answer is not sent.</param>
    /// <param name="behavior">What the server then does; <see langword="null"/> for its normal work.</param>
    /// <returns>The exchange; dispose it.</returns>
    public static Task<ParkedExchange> StartAsync(
        SharedLogin login,
        ITokenProvider provider,
        ParkPoint point = ParkPoint.AfterProcessing,
        TokenEndpointBehavior? behavior = null)
    {
        ArgumentNullException.ThrowIfNull(login);
        ArgumentNullException.ThrowIfNull(provider);
        return StartAsync(login.Server, () => provider.GetAccessTokenAsync().AsTask(), point, behavior);
    }

    /// <summary>Begins a call that refreshes, and waits until its request is at the server.</summary>
    /// <param name="server">The server.</param>
    /// <param name="call">The call.</param>
    /// <param name="point">Where the request stands; by default it is decided on, and its answer is not sent.</param>
    /// <param name="behavior">What the server then does; <see langword="null"/> for its normal work.</param>
    /// <returns>The exchange; dispose it.</returns>
    public static async Task<ParkedExchange> StartAsync(
        LoopbackAuthorizationServer server,
        Func<Task<AccessToken>> call,
        ParkPoint point = ParkPoint.AfterProcessing,
        TokenEndpointBehavior? behavior = null)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(call);
        ParkedRequest request = server.ParkNextTokenRequest(point, behavior);
        try
        {
            Task<AccessToken> caller = call();
            await request.Arrived;
            return new ParkedExchange(request, caller);
        }
        catch
        {
            request.Dispose();
            throw;
        }
    }

    /// <summary>Lets the request go on.</summary>
    /// <returns>The result of the call.</returns>
    public Task<AccessToken> FinishAsync()
    {
        _request.Release();
        return Caller;
    }

    /// <summary>Drops the request's connection: the answer is lost.</summary>
    /// <returns>The result of the call.</returns>
    public Task<AccessToken> LoseAnswerAsync()
    {
        _request.Drop();
        return Caller;
    }

    /// <inheritdoc/>
    public void Dispose() => _request.Dispose();
}
