using TokenRefresh.Diagnostics;

namespace TokenRefresh.Endpoint;

/// <summary>Asks the program for the assertion by which the client authenticates (RFC 7523 section 2.2), for one endpoint.</summary>
/// <param name="ask">The program's delegate.</param>
internal sealed class ClientAssertionSource(Func<CancellationToken, ValueTask<string>> ask)
{
    private volatile string? _last;

    /// <summary>Gets the assertion that was returned last, so that no text repeats it.</summary>
    internal string? Last => _last;

    /// <summary>Asks for an assertion, for no longer than the limit even if the delegate blocks or ignores its cancellation.</summary>
    /// <param name="secrets">Cleans what the delegate throws.</param>
    /// <param name="limit">The end of the wait.</param>
    /// <exception cref="TokenEndpointUnavailableException">The delegate threw or took too long.</exception>
    /// <exception cref="TokenRefreshConfigurationException">It returned nothing, or what is no assertion.</exception>
    internal async ValueTask<string> AskAsync(Func<SecretRedactor> secrets, CancellationToken limit)
    {
        string? assertion;
        Task<string>? asked = null;
        try
        {
            // On the thread pool: a delegate that blocks must not keep the lock past the limit either.
            asked = Task.Run(() => ask(limit).AsTask(), CancellationToken.None);
            assertion = await asked.WaitAsync(limit).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (limit.IsCancellationRequested)
        {
            Guarded.Forget(asked!);
            throw new TokenEndpointUnavailableException(
                "'ClientAssertion' did not return in the time for a token request ('AttemptTimeout', 'RefreshTimeout'). "
                + "Nothing was sent; the refresh token is untouched. Look for what the delegate waits for.",
                retryAt: null,
                e);
        }
        catch (Exception e)
        {
            throw new TokenEndpointUnavailableException(
                $"'ClientAssertion' failed with '{e.GetType().Name}'. Nothing was sent; the refresh token is untouched. "
                + "The inner exception is the delegate's.",
                retryAt: null,
                secrets().Clean(e));
        }

        _last = assertion;
        if (string.IsNullOrWhiteSpace(assertion))
        {
            throw new TokenRefreshConfigurationException(
                "'ClientAssertion' returned nothing. Nothing was sent; the refresh token is untouched. Return a signed JWT (RFC 7523).");
        }

        // Of letters, digits, '-', '_' and '.' in a JWT; but servers that issue assertions themselves may write others.
        if (assertion.AsSpan().IndexOfAnyExceptInRange('!', '~') >= 0)
        {
            throw new TokenRefreshConfigurationException(
                "'ClientAssertion' returned a value (not shown) with a character that no assertion holds, such as a space, or a line end "
                + "left from a file. Nothing was sent; the refresh token is untouched. Return a signed JWT (RFC 7523) alone.");
        }

        return assertion;
    }
}
