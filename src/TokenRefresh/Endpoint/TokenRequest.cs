using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace TokenRefresh.Endpoint;

/// <summary>One use of a refresh token, and what became of it: unsent, sending, sent or closed.</summary>
/// <remarks>Safe for concurrent use.</remarks>
public sealed class TokenRequest
{
    /// <summary>What <see cref="DPoPKey"/> is.</summary>
    internal DPoPKey? Key;

    /// <summary>Whether the body may have left: <c>beforeSend</c> completed while the request was open.</summary>
    internal volatile bool IsSent;

    private readonly Func<CancellationToken, ValueTask>? _beforeSend;
    private readonly object _lock = new();
    private object? _body;
    private TaskCompletionSource? _idle;
    private int _running;
    private bool _isClosed;
    private bool _isAnswered;
    private bool _isSecond;
    private volatile Exception? _announcementFailure;

    /// <summary>Creates a request.</summary>
    /// <param name="refreshToken">The refresh token to present.</param>
    /// <param name="beforeSend">
    /// Awaited when the connection stands, right before the body is serialized; if it throws, nothing is sent. <see langword="null"/> for
    /// none.
    /// </param>
    public TokenRequest(string refreshToken, Func<CancellationToken, ValueTask>? beforeSend = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(refreshToken);
        RefreshToken = refreshToken;
        _beforeSend = beforeSend;
    }

    /// <summary>Creates a request that presents the client's own credentials.</summary>
    internal TokenRequest(Func<CancellationToken, ValueTask> beforeSend)
    {
        RefreshToken = "";
        _beforeSend = beforeSend;
    }

    /// <summary>
    /// Gets the refresh token to present; empty with <see cref="TokenGrant.ClientCredentials"/>, which presents none. A secret: never log
    /// it.
    /// </summary>
    public string RefreshToken { get; }

    /// <summary>
    /// Gets the access token that is stored beside it, so that an answer that repeats it is told and cleaned. A secret: never log it.
    /// </summary>
    internal string? StoredAccessToken { get; init; }

    /// <summary>
    /// Gets the key by which the request has to prove that it is the login's own (DPoP, RFC 9449), or <see langword="null"/>. A secret:
    /// never log it.
    /// </summary>
    public DPoPKey? DPoPKey
    {
        get => Key;
        init => Key = value;
    }

    /// <summary>
    /// Announces that the body is about to leave. A client calls this once name resolution, connect and TLS are done; what it throws ends
    /// the call with nothing sent.
    /// </summary>
    /// <param name="cancellationToken">The deadline of the call.</param>
    /// <returns>A task to await before the first byte.</returns>
    /// <exception cref="InvalidOperationException">The call this request was given to has returned: send nothing.</exception>
    public async ValueTask BeforeSendAsync(CancellationToken cancellationToken = default)
    {
        if (!await TryAnnounceAsync(cancellationToken, CancellationToken.None).ConfigureAwait(false))
        {
            throw new InvalidOperationException(
                "The token request is over and its lock given back, so nothing may be sent for it any more. " +
                "Announce and send before 'RefreshAsync' returns.");
        }
    }

    /// <summary>Returns a text without the token.</summary>
    /// <returns>A text that is safe to log.</returns>
    public override string ToString() => "refresh token request";

    /// <summary>Makes this the only body that may be sent.</summary>
    internal void Offer(object body) => Volatile.Write(ref _body, body);

    /// <summary>Takes the body, to send it or to withdraw it. Each can be taken once, and none that was replaced by another.</summary>
    internal bool TryTake(object body) => Interlocked.CompareExchange(ref _body, null, body) == body;

    /// <summary>Announces the sending of the body.</summary>
    /// <param name="deadline">What <c>beforeSend</c> gets: a limit of one attempt must not look as if <c>beforeSend</c> had failed.</param>
    /// <param name="attempt">The limit of the attempt; if it has passed when <c>beforeSend</c> returns, nothing may be sent.</param>
    /// <returns><see langword="false"/> if nothing may be sent any more.</returns>
    [AsyncMethodBuilder(typeof(LeanTaskMethodBuilder<>))]
    internal async Task<bool> TryAnnounceAsync(CancellationToken deadline, CancellationToken attempt)
    {
        lock (_lock)
        {
            if (_isClosed || _isAnswered)
            {
                return false;
            }

            _running++;
        }

        bool maySend = false;
        try
        {
            if (_beforeSend is not null)
            {
                await _beforeSend(deadline).ConfigureAwait(false);
            }

            maySend = !attempt.IsCancellationRequested;
        }
        catch (Exception e)
        {
            _announcementFailure = e;
            throw;
        }
        finally
        {
            lock (_lock)
            {
                maySend &= !_isClosed && !_isAnswered;
                IsSent |= maySend;
                if (--_running == 0)
                {
                    _idle?.TrySetResult();
                }
            }
        }

        return maySend;
    }

    /// <summary>Throws what <c>beforeSend</c> threw, unchanged. Nothing was sent then.</summary>
    internal void ThrowIfAnnouncementFailed()
    {
        if (_announcementFailure is { } failure)
        {
            ExceptionDispatchInfo.Throw(failure);
        }
    }

    /// <summary>
    /// Lets another body be sent, once: the answer says that the refresh token was not looked at (RFC 9449 section 8), and nothing of the
    /// first body can be sent any more.
    /// </summary>
    /// <returns><see langword="false"/> if it was done before, or nothing may be sent any more at all.</returns>
    internal bool TryReopen()
    {
        lock (_lock)
        {
            // A body that was taken and not announced may still be on its way to be sent.
            if (_isClosed || _isSecond || (_isAnswered && !IsSent))
            {
                return false;
            }

            _isSecond = true;
            _isAnswered = false;
            IsSent = false;
            return true;
        }
    }

    /// <summary>Refuses every further announcement, and completes when none is under way. Never throws.</summary>
    /// <param name="isAnswered">Whether that is since an answer is there, after which <see cref="TryReopen"/> may follow.</param>
    internal ValueTask CloseAsync(bool isAnswered = false)
    {
        lock (_lock)
        {
            _isClosed |= !isAnswered;
            _isAnswered = true;
            if (_running == 0)
            {
                return default;
            }

            _idle ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            return new(_idle.Task);
        }
    }
}
