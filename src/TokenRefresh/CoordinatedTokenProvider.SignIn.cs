using TokenRefresh.Provider;
using TokenRefresh.Refresh;

namespace TokenRefresh;

/// <content>The login as a whole: its state, sign-in and sign-out.</content>
public sealed partial class CoordinatedTokenProvider
{
    /// <summary>Tells the state of the login. Reads only: never locks, refreshes or writes.</summary>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <returns>The status. A file or lock that cannot be read is no exception here, but its
    /// <see cref="TokenRefreshStatus.Problem"/>.</returns>
    /// <exception cref="OperationCanceledException">The read was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The provider was disposed.</exception>
    public ValueTask<TokenRefreshStatus> GetStatusAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        return new StatusReader(_context, _state).ReadAsync(cancellationToken);
    }

    /// <summary>Stores a login, after a sign-in: one atomic, durable write. Whatever was stored before is replaced; a file that holds no
    /// JSON at all is moved aside, see <see cref="TokenRefreshEvents.DamagedFileMoved"/>.</summary>
    /// <param name="credentials">The login.</param>
    /// <param name="cancellationToken">Ends the wait for the lock; a write that has begun is finished.</param>
    /// <returns>A task that completes when the login is durable.</returns>
    /// <exception cref="ArgumentException">The login has no access token, or one that no header may carry.</exception>
    /// <exception cref="TokenRefreshConfigurationException">The login's token type is <c>DPoP</c> (RFC 9449), which needs a key, and this
    /// version has none; or the provider only follows the login, see <see cref="TokenRefreshOptions.Mode"/>.</exception>
    /// <exception cref="LockTimeoutException">Another process held the lock for too long.</exception>
    /// <exception cref="LockUnavailableException">The file cannot be locked here.</exception>
    /// <exception cref="CredentialsFileException">The file cannot be read, or its directory cannot take a new one; nothing was
    /// changed.</exception>
    /// <exception cref="CredentialsSaveException">The write failed, or was not made durable: the former login or the new one is stored,
    /// whole. Call again.</exception>
    /// <exception cref="OperationCanceledException">The wait for the lock was cancelled; nothing was changed.</exception>
    /// <exception cref="ObjectDisposedException">The provider was disposed.</exception>
    public Task StoreAsync(OAuthCredentials credentials, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(credentials);
        if (credentials.AccessToken.Length == 0)
        {
            throw new ArgumentException(
                "A login without an access token is never stored. Use 'RemoveAsync' to sign out.",
                nameof(credentials));
        }

        if (AccessToken.IsBoundToKey(credentials.TokenType))
        {
            throw new TokenRefreshConfigurationException(
                "The login's token type is 'DPoP': its access token only works with a key (RFC 9449), and this version has no keys. "
                + "Nothing was stored. Sign in with a client that gets tokens of type 'Bearer'.");
        }

        ThrowIfDisposed();
        return RunSignInAsync(
            async (operation, token) =>
            {
                await operation.StoreAsync(credentials, token).ConfigureAwait(false);
                _background.Reset();
            },
            cancellationToken);
    }

    /// <summary>
    /// Removes the login, at a sign-out: the one this provider knows, or what it was refreshed to by now. A login that another program
    /// stored in its place stays.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait for the lock, and the revocation that follows the removal; a write that has begun is
    /// finished.</param>
    /// <returns>A task that completes when the removal is durable and, with <see cref="TokenRefreshOptions.RevocationEndpoint"/>, the
    /// revocation (RFC 7009) was tried.</returns>
    /// <exception cref="TokenRefreshConfigurationException">The provider only follows the login, see
    /// <see cref="TokenRefreshOptions.Mode"/>.</exception>
    /// <exception cref="LockTimeoutException">Another process held the lock for too long.</exception>
    /// <exception cref="LockUnavailableException">The file cannot be locked here.</exception>
    /// <exception cref="CredentialsFileException">The file cannot be read; nothing was changed.</exception>
    /// <exception cref="CredentialsSaveException">The write failed, or was not made durable: the login is still stored as a whole, or
    /// removed as a whole. Call again.</exception>
    /// <exception cref="OperationCanceledException">Cancelled: nothing was changed, or the login is removed and its revocation was cut
    /// short.</exception>
    /// <exception cref="ObjectDisposedException">The provider was disposed.</exception>
    public Task RemoveAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        return RunSignInAsync(
            async (operation, token) =>
            {
                OAuthCredentials? removed = await operation.RemoveAsync(token).ConfigureAwait(false);
                _background.Reset();

                // After the release: a slow revocation endpoint must not keep the lock. Nor does disposal end it.
                if (removed?.RefreshToken is { } refreshToken && _parts.Revocation is { } revocation)
                {
                    await revocation.TryRevokeAsync(refreshToken, cancellationToken).ConfigureAwait(false);
                }
            },
            cancellationToken);
    }

    // Disposal waits for the sign-ins and sign-outs that run. It ends their wait for the lock, and nothing else.
    private async Task RunSignInAsync(Func<SignInOperation, CancellationToken, Task> change, CancellationToken cancellationToken)
    {
        _refresh.ThrowIfInside();
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_signInsEnded is not null, typeof(CoordinatedTokenProvider));
            _signIns++;
        }

        var callbacks = new CallbackList(_context.Options.Events);
        try
        {
            if (_context.Follows())
            {
                throw _context.Errors.OnlyFollows();
            }

            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _shutdown);
            await change(new SignInOperation(_context, _state, callbacks), either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(e.Message, e, cancellationToken);
        }
        catch (OperationCanceledException e) when (_shutdown.IsCancellationRequested)
        {
            throw new ObjectDisposedException("The token provider was disposed while the lock was awaited. Nothing was changed.", e);
        }
        finally
        {
            callbacks.MoveTo(_context.Callbacks);
            lock (_lock)
            {
                if (--_signIns == 0)
                {
                    _signInsEnded?.TrySetResult();
                }
            }
        }
    }

    private Task CloseSignInsAsync()
    {
        lock (_lock)
        {
            _signInsEnded ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (_signIns == 0)
            {
                _signInsEnded.TrySetResult();
            }

            return _signInsEnded.Task;
        }
    }
}
