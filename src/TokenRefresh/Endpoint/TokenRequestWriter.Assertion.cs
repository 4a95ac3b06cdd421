using TokenRefresh.Diagnostics;

namespace TokenRefresh.Endpoint;

/// <content>The assertion by which the client authenticates (RFC 7523 section 2.2).</content>
internal sealed partial class TokenRequestWriter
{
    private const string Untouched = "Nothing was sent; the refresh token is untouched.";

    // So that no text repeats it.
    private volatile string? _lastAssertion;

    /// <summary>Asks for an assertion, until the limit even if the delegate blocks. No exception repeats one of the tokens.</summary>
    /// <exception cref="TokenEndpointUnavailableException">The delegate threw or took too long.</exception>
    /// <exception cref="TokenRefreshConfigurationException">It returned nothing, or what is no assertion.</exception>
    internal async ValueTask<string> AskAssertionAsync(CancellationToken limit, params string?[] tokens)
    {
        // On the thread pool: a delegate that blocks must not keep the lock past the limit either.
        Task<string> asked = Task.Run(() => options.ClientAssertion!(limit).AsTask(), CancellationToken.None);
        string? assertion;
        try
        {
            assertion = await asked.WaitAsync(limit).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (limit.IsCancellationRequested)
        {
            Guarded.Forget(asked);
            throw new TokenEndpointUnavailableException(
                "'ClientAssertion' did not return in the time for a token request ('AttemptTimeout', 'RefreshTimeout'). "
                + $"{Untouched} Look for what the delegate waits for.",
                retryAt: null,
                e);
        }
        catch (Exception e)
        {
            throw new TokenEndpointUnavailableException(
                $"'ClientAssertion' failed with '{e.GetType().Name}'. {Untouched} The inner exception is the delegate's.",
                retryAt: null,
                CreateRedactor(tokens).Clean(e));
        }

        _lastAssertion = assertion;
        if (string.IsNullOrWhiteSpace(assertion))
        {
            throw new TokenRefreshConfigurationException(
                $"'ClientAssertion' returned nothing. {Untouched} Return a signed JWT (RFC 7523).");
        }

        // Of letters, digits, '-', '_' and '.' in a JWT; but servers that issue assertions themselves may write others.
        if (assertion.AsSpan().IndexOfAnyExceptInRange('!', '~') >= 0)
        {
            throw new TokenRefreshConfigurationException(
                "'ClientAssertion' returned a value (not shown) with a character that no assertion holds, such as a space, or a line end "
                + $"left from a file. {Untouched} Return a signed JWT (RFC 7523) alone.");
        }

        return assertion;
    }
}
