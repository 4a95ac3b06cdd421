using System.Runtime.ExceptionServices;
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
    /// <exception cref="TokenRefreshConfigurationException">The login's token type is <c>DPoP</c> (RFC 9449) and it has no key, or the
    /// store's format names no member for its key; or the provider only follows the login, see
    /// <see cref="TokenRefreshOptions.Mode"/>.</exception>
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

        SignInOperation.ThrowIfKeyIsMissing(credentials);
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

    /// <summary>
    /// Signs the user in, once over all threads and processes that share the store: the others wait, and go on with the login that comes of
    /// it.
    /// </summary>
    /// <param name="signIn">
    /// Asks the user, in a browser for example, and returns the login; it is stored as <see cref="StoreAsync"/> does. Called on a thread of
    /// the pool, at most once per call, and not at all where another thread or process signs in meanwhile, or another program stores a
    /// login. It may take minutes. Its token is cancelled when all callers have left, when the provider is disposed, or when another
    /// program has stored a login for which the user would be asked in vain.
    /// </param>
    /// <param name="cancellationToken">
    /// Ends this caller's wait, the only limit there is. The sign-in itself ends when the last caller has left; a login that the delegate
    /// has returned by then is stored.
    /// </param>
    /// <returns>The access token of the new login.</returns>
    /// <remarks>
    /// <para>
    /// The user is asked even if the stored login works, to replace it. A caller that began to wait before the new login was stored takes
    /// it, and does not ask again. While one process asks, all others read, refresh and store as usual.
    /// </para>
    /// <para>
    /// If the delegate throws (the user closed the browser, say), all callers that wait in this provider get that exception. Other
    /// processes do not: the next of them asks its own user, as it does if the one that asks is killed.
    /// </para>
    /// <para>With a store of your own that has no <see cref="ICredentialsStore.AcquireSignInLeaseAsync"/>, once per provider only.</para>
    /// </remarks>
    /// <exception cref="TokenRefreshConfigurationException">The delegate returned no login, or one whose token type is <c>DPoP</c> without
    /// its key; or <see cref="TokenRefreshOptions.Grant"/> knows no users.</exception>
    /// <exception cref="LockTimeoutException">A refresh held the lock for too long, before the user was asked or after.</exception>
    /// <exception cref="LockUnavailableException">The file cannot be locked here; the user was not asked.</exception>
    /// <exception cref="CredentialsFileException">The login could not be stored there; the user was not asked.</exception>
    /// <exception cref="CredentialsSaveException">The write failed, or was not made durable.</exception>
    /// <exception cref="InvalidOperationException">The delegate of a sign-in calls this, and would wait for itself.</exception>
    /// <exception cref="OperationCanceledException">The caller's wait was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The provider was disposed.</exception>
    public Task<AccessToken> SignInAsync(
        Func<CancellationToken, Task<OAuthCredentials>> signIn, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(signIn);
        if (_context.IsClientGrant)
        {
            throw new TokenRefreshConfigurationException(
                "'Grant' is 'ClientCredentials', by which no user signs in. Set it to 'RefreshToken' for the logins of users.");
        }

        ThrowIfDisposed();
        _refresh.ThrowIfInside();
        SharedSignIn shared = GetSharedSignIn();
        if (shared.IsInside)
        {
            throw new InvalidOperationException(
                "The token provider was asked to sign the user in from inside its own sign-in, and would wait for itself. "
                + "Return the login from the delegate instead.");
        }

        return shared.JoinOrStart(
            allHaveLeft => SignInOnceAsync(signIn, RefreshReason.TokenNeeded, isRequested: true, allHaveLeft),
            cancellationToken,
            out _);
    }

    // The first caller makes it: most programs never need one.
    private SharedSignIn GetSharedSignIn() =>
        _sharedSignIn ?? Interlocked.CompareExchange(ref _sharedSignIn, new SharedSignIn(), null) ?? _sharedSignIn;

    // Waits for a token, and has the user sign in where only that helps.
    private async ValueTask<AccessToken> SignInIfRequiredAsync(
        ValueTask<AccessToken> token, RefreshReason reason, CancellationToken cancellationToken)
    {
        SharedSignIn shared = GetSharedSignIn();
        TokenRefreshException failure;
        try
        {
            return await token.ConfigureAwait(false);
        }
        catch (TokenRefreshException e)
            when (e is SignInRequiredException or NotRefreshableException && !shared.IsInside && !_context.Follows())
        {
            failure = e;
        }

        while (true)
        {
            AccessToken answer = await shared.JoinOrStart(
                allHaveLeft => SignInOnceAsync(_context.Options.SignIn!, reason, isRequested: false, allHaveLeft),
                cancellationToken,
                out bool isLeader).ConfigureAwait(false);
            if (answer.Value != reason.RejectedToken)
            {
                return answer;
            }

            // Otherwise the sign-in that this caller joined was another one's, for whom this token will do.
            if (isLeader)
            {
                ExceptionDispatchInfo.Throw(failure);
            }
        }
    }

    private async Task<AccessToken> SignInOnceAsync(
        Func<CancellationToken, Task<OAuthCredentials>> signIn, RefreshReason reason, bool isRequested, CancellationToken allHaveLeft)
    {
        await RunSignInAsync(
            async (operation, token) =>
            {
                var signingIn = new CoordinatedSignIn(_context, _state, operation, reason);
                if (await signingIn.RunAsync(signIn, isRequested, token).ConfigureAwait(false))
                {
                    _background.Reset();
                }
            },
            allHaveLeft).ConfigureAwait(false);
        while (true)
        {
            Task<AccessToken> token = _refresh.JoinOrStart(reason, out bool isLeader);
            try
            {
                return await token.ConfigureAwait(false);
            }
            catch (SignInRequiredException) when (!isLeader)
            {
                // A refresh that was begun before the login was stored.
            }
        }
    }

    // Disposal waits for the sign-ins and sign-outs that run. It ends their wait for the lock and for the user, and nothing else.
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
            throw new ObjectDisposedException(
                "The token provider was disposed while the lock or the user was awaited. Nothing was changed.", e);
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
