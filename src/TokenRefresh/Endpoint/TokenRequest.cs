namespace TokenRefresh.Endpoint;

/// <summary>One use of a refresh token.</summary>
public sealed class TokenRequest
{
    private readonly Func<CancellationToken, ValueTask>? _beforeSend;

    /// <summary>Creates a request.</summary>
    /// <param name="refreshToken">The refresh token to present.</param>
    /// <param name="beforeSend">Awaited when the connection stands, right before the body is serialized; if it throws, nothing is sent. <see langword="null"/> for none.</param>
    public TokenRequest(string refreshToken, Func<CancellationToken, ValueTask>? beforeSend = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(refreshToken);
        RefreshToken = refreshToken;
        _beforeSend = beforeSend;
    }

    /// <summary>Gets the refresh token to present. A secret: never log it.</summary>
    public string RefreshToken { get; }

    /// <summary>Gets the access token that is stored beside it, so that an answer that repeats it can be cleaned. A secret: never log it.</summary>
    internal string? StoredAccessToken { get; init; }

    /// <summary>Announces that the body is about to leave. A client calls this once name resolution, connect and TLS are behind it; what it throws ends the call with nothing sent.</summary>
    /// <param name="cancellationToken">The deadline of the call.</param>
    /// <returns>A task to await before the first byte.</returns>
    /// <exception cref="InvalidOperationException">The call this request was given to has returned: send nothing.</exception>
    public async ValueTask BeforeSendAsync(CancellationToken cancellationToken = default)
    {
        Task made;
        lock (this)
        {
            if (_isClosed)
            {
                throw new InvalidOperationException("The token request is over and its lock given back, so nothing may be sent for it any more. Announce and send before 'RefreshAsync' returns.");
            }

            made = _beforeSend?.Invoke(cancellationToken).AsTask() ?? Task.CompletedTask;
            _running = Task.WhenAll(_running, made);
        }

        await made.ConfigureAwait(false);
        IsSent = true;
    }

    internal bool IsSent { get; private set; }

    private bool _isClosed;
    private Task _running = Task.CompletedTask;

    internal async ValueTask CloseAsync()
    {
        Task running;
        lock (this)
        {
            _isClosed = true;
            running = _running;
        }

        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Returns a text without the token.</summary>
    /// <returns>A text that is safe to log.</returns>
    public override string ToString() => "refresh token request";
}
