using System.Globalization;
using TokenRefresh.Endpoint;
using TokenRefresh.Record;

namespace TokenRefresh.Refresh;

/// <summary>Turns decisions and answers into the exceptions callers see.</summary>
internal sealed class RefreshErrors(TokenRefreshOptions options, ICredentialsStore store)
{
    private bool IsClientGrant => options.Grant == TokenGrant.ClientCredentials;

    private string Endpoint => options.TokenEndpoint is { } address ? UriRedaction.Redact(address) : "a token endpoint client of your own";

    internal TokenRefreshException NothingStored() => new SignInRequiredException(
        SignInRequiredReason.NothingStored,
        (store as IStoreReport)?.DescribeMissingLogin() is { } found
            ? $"There is no login in '{store.Location}'. {found} Otherwise sign in, or correct 'CredentialsPath'."
            : $"There is no login in '{store.Location}'. Sign in, or correct 'CredentialsPath'.");

    internal TokenRefreshException SignedOut() => new SignInRequiredException(
        SignInRequiredReason.SignedOut, $"The login in '{store.Location}' was ended. Sign in again.");

    internal TokenRefreshException RolledBack() => new SignInRequiredException(
        SignInRequiredReason.RolledBack,
        $"An older file came back to '{store.Location}': its refresh token was used before, so it was not sent. "
        + "Sign in again, and exclude the file from whatever restored it.");

    internal TokenRefreshException Moving() => new SignInRequiredException(
        SignInRequiredReason.RolledBack,
        $"The login in '{store.Location}' is being moved to or from another store, and that was interrupted, so its refresh token was not "
        + "sent. Run the same 'token-refresh migrate' again, or sign in again.");

    internal TokenRefreshException AccountMismatch() => new SignInRequiredException(
        SignInRequiredReason.AccountMismatch,
        $"The server refreshed the login in '{store.Location}' with the tokens of another account than the one signed in. "
        + "They were discarded and nothing was written; the stored refresh token is used up. Sign in again.");

    internal TokenRefreshException Rejected(bool afterLostAnswer) => new SignInRequiredException(
        SignInRequiredReason.RefreshTokenRejected,
        $"The server rejected the refresh token in '{store.Location}'"
        + (afterLostAnswer ? ", after an earlier refresh whose answer was lost: it had probably replaced the token" : "")
        + ". Sign in again.");

    internal TokenRefreshException ChangesTooOften() => new CredentialsFileException(
        store.Location,
        $"Another program keeps changing '{store.Location}' while it is refreshed. Nothing further was sent. End that program.");

    internal TokenRefreshException NotRefreshable() => new NotRefreshableException(
        $"The access token in '{store.Location}' is expired, was rejected or contains characters not allowed in an HTTP header, "
        + "and no refresh token is stored beside it. Sign in again.");

    internal TokenRefreshException UserLogin() => new TokenRefreshConfigurationException(
        $"'{store.Location}' holds a login with a refresh token, and 'Grant' is 'ClientCredentials', whose tokens would replace it. "
        + "Nothing was sent. Set 'CredentialsPath' to a file of its own, or 'Grant' to 'RefreshToken'.");

    internal TokenRefreshException BoundTokenAnswered(DateTimeOffset? until) => new TokenRefreshConfigurationException(
        $"The token endpoint '{Endpoint}' answered with an access token of type 'DPoP', which only works with a key (RFC 9449), "
        + $"and none is stored with the login. The access token was not used"
        + $"{(IsClientGrant ? "" : $"; the refresh token in '{store.Location}' is the latest one")}. "
        + "Sign in with a key ('DPoPKey'), or configure the client at the server for tokens of type 'Bearer'; "
        + $"the next attempt is made after {Show(until)}.");

    internal TokenRefreshException BoundTokenStored() => new TokenRefreshConfigurationException(
        $"The access token in '{store.Location}' is of type 'DPoP': it only works with the key of the program that obtained it "
        + "(RFC 9449), and that is not stored with it. Nothing was sent. Sign in with a key ('DPoPKey'), or with a client that gets tokens "
        + "of type 'Bearer'.");

    internal TokenRefreshException Waiting(Hold hold) => hold.Kind switch
    {
        HoldKind.Unsaved => new TokenEndpointUnavailableException(
            $"Process '{hold.Cause}' has refreshed '{store.Location}' and could not save the new tokens yet, "
            + "so the stored refresh token is used up. "
            + $"Make the directory writable and leave room on its disk; that process tries again until {Show(hold.Until)} at least.",
            hold.Until),
        HoldKind.ResourceRejects => new TokenEndpointUnavailableException(
            $"The rejected access token of '{store.Location}' had only just been obtained; another one would be rejected too. "
            + $"The next attempt is made after {Show(hold.Until)}. Check the account and the audience of the token.",
            hold.Until),
        _ when hold.Cause == Hold.BoundToKey => BoundTokenAnswered(hold.Until),
        _ when hold.Cause == Hold.Configuration => new TokenRefreshConfigurationException(
            $"The last refresh of '{store.Location}' failed because of a setting; the next attempt is made after {Show(hold.Until)}. "
            + "Check 'TokenEndpoint', 'ClientId', 'ClientAuthentication' and 'Scope'."),
        _ => new TokenEndpointUnavailableException(
            $"The last refresh of '{store.Location}' at '{Endpoint}' failed ({hold.Cause}); "
            + $"the next attempt is made after {Show(hold.Until)}.",
            hold.Until),
    };

    /// <summary>Of a provider that only follows, for which no program saved new tokens; <paramref name="wait"/> is null if it did not wait.
    /// </summary>
    internal TokenRefreshException AwaitingOwner(RefreshDecision decision, TimeSpan? wait, LockHolder? holder)
    {
        TokenRefreshException? noted = decision.Hold is { } hold ? Waiting(hold) : null;
        string why = noted?.Message
            ?? (decision.SignInReason == SignInRequiredReason.RolledBack ? "An older file came back, whose refresh token was used before. "
                : holder is null ? "No program holds its lock, so none is refreshing it now. "
                : $"Process '{holder}' on '{holder.Host}' has held its lock since {Show(holder.Since)}. ")
            + "Start the program that refreshes it, and let it run.";
        return new OwnerTimeoutException(
            store.Location,
            wait ?? TimeSpan.Zero,
            holder,
            $"The access token in '{store.Location}' is expired or was rejected, this provider only follows the login ('Mode' is "
            + $"'{options.Mode}'), and no program has saved new tokens{(wait is null ? "" : $" within '{wait}'")}. {why}",
            noted);
    }

    internal TokenRefreshException OnlyFollows() => new TokenRefreshConfigurationException(
        $"This provider only follows the login in '{store.Location}' ('Mode' is '{options.Mode}'"
        + (options.Mode == TokenRefreshMode.FollowIfReadOnly ? ", and the file cannot be replaced here" : "")
        + "). Nothing was changed. Sign in and out with the program that refreshes it.");

    internal TokenRefreshException Update(int? version) => new TokenRefreshConfigurationException(
        $"A newer TokenRefresh shares the login in '{store.Location}': the record in '{store.LockPath}' has version '{version}', "
        + $"and this one knows version '{RecordJson.Version}'. Nothing was sent. Update TokenRefresh in this program.");

    /// <summary>The failure for a decision that is neither use nor refresh.</summary>
    internal TokenRefreshException Of(RefreshDecision decision, LoginRecord record) => decision.Action switch
    {
        RefreshAction.Wait => Waiting(decision.Hold!),
        RefreshAction.WaitForOutcome => OutcomeUnknown(decision.Until),
        RefreshAction.NotRefreshable => NotRefreshable(),
        RefreshAction.BoundToKey => BoundTokenStored(),
        RefreshAction.UserLogin => UserLogin(),
        RefreshAction.Update => Update(record.NewerVersion),
        _ => decision.SignInReason switch
        {
            SignInRequiredReason.NothingStored => NothingStored(),
            SignInRequiredReason.SignedOut => SignedOut(),
            SignInRequiredReason.RolledBack when Array.Exists(record.Holds, static hold => hold.Cause == Hold.Moving) => Moving(),
            SignInRequiredReason.RolledBack => RolledBack(),
            SignInRequiredReason.AccountMismatch => AccountMismatch(),
            _ => Rejected(decision.Hold?.Cause == Hold.AfterLostAnswer),
        },
    };

    internal TokenRefreshException OutcomeUnknown(DateTimeOffset? until, Exception? cause = null, string? answer = null) =>
        new RefreshOutcomeUnknownException(
        $"A refresh of '{store.Location}' was sent and {(answer is null ? "its answer was lost" : $"answered with {answer}")}, "
        + "so the server may or may not have replaced the refresh token. "
        + $"{(until is null ? "It is tried again later" : $"It is tried again after {Show(until)}")}; if that fails, sign in again. "
        + "Set 'RefreshTokenReuseWindow' if the server has one.",
        cause);

    internal TokenRefreshException LockTimeout(TimeSpan wait, LockHolder? holder) =>
        (store as IStoreReport)?.FindForeignLock() is var (path, state)
        ? new LockTimeoutException(
            path,
            wait,
            holder: null,
            $"The lock '{path}' of another program was not acquired within '{wait}': {state}. "
            + $"Nothing was sent. Raise 'LockTimeout' (now '{options.LockTimeout}') or end that program.")
        : new LockTimeoutException(
        store.LockPath,
        wait,
        holder,
        $"The lock '{store.LockPath}' was not acquired within '{wait}'; "
        + (holder is null ? "its holder is unknown. " : $"process '{holder}' on '{holder.Host}' has held it since {Show(holder.Since)}. ")
        + $"Nothing was sent. Raise 'LockTimeout' (now '{options.LockTimeout}') or end that process.");

    /// <summary>What callers see of an exchange that brought no tokens.</summary>
    internal TokenRefreshException OfExchange(TokenEndpointResult result, DateTimeOffset? retryAt)
    {
        string answer = result.DescribeAnswer();
        return result.Outcome switch
        {
            TokenEndpointOutcome.RefreshTokenRejected or TokenEndpointOutcome.RefreshTokenProbablyRejected =>
                Rejected(afterLostAnswer: false),
            TokenEndpointOutcome.Misconfigured when IsAboutTheProof(result.Error) => new TokenRefreshConfigurationException(
                ProofRefused(answer), result.Exception),
            TokenEndpointOutcome.Misconfigured => new TokenRefreshConfigurationException(
                $"The token endpoint '{Endpoint}' refused the request ({answer}). "
                + "Check 'TokenEndpoint', 'ClientId', 'ClientAuthentication' and 'Scope'"
                + (IsClientGrant ? ", and that the server lets this client use the client credentials grant."
                    : IsAboutTheClient(result.Error) ? "; the refresh token is not to blame."
                    : "."),
                result.Exception),
            TokenEndpointOutcome.NotSent => new TokenEndpointUnavailableException(
                $"The token endpoint '{Endpoint}' cannot be reached: {Why(result)}"
                + (IsClientGrant ? "" : " The refresh token is untouched."),
                retryAt,
                result.Exception),
            _ when IsClientGrant => new TokenEndpointUnavailableException(
                (result.IsWithoutTokens ? result.Exception?.Message : $"The token endpoint '{Endpoint}' is unavailable ({answer}).")
                + $" It is asked again after {Show(retryAt)}.",
                retryAt,
                result.Exception),
            TokenEndpointOutcome.Unknown when result.RecoveredRefreshToken is not null => new TokenEndpointUnavailableException(
                (result.IsWithoutTokens ? result.Exception?.Message : $"The answers of the token endpoint '{Endpoint}' are cut off.")
                + $" The new refresh token in it was saved. It is tried again after {Show(retryAt)}.",
                retryAt,
                result.Exception),
            TokenEndpointOutcome.Unknown when result.IsWithoutTokens => new RefreshOutcomeUnknownException(
                $"{result.Exception?.Message} The server may or may not have replaced the refresh token of '{store.Location}'. "
                + $"It is tried again after {Show(retryAt)}; "
                + "if that fails, sign in again. Set 'RefreshTokenReuseWindow' if the server has one.",
                result.Exception),
            TokenEndpointOutcome.Unknown => OutcomeUnknown(retryAt, result.Exception, result.StatusCode is null ? null : answer),
            _ => new TokenEndpointUnavailableException(
                $"The token endpoint '{Endpoint}' is unavailable ({answer}). The refresh token is untouched.",
                retryAt,
                result.Exception),
        };
    }

    private static string Show(DateTimeOffset? time) =>
        time?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? "";

    // The framework's own messages end without a stop.
    private static string Why(TokenEndpointResult result) => $"{(result.Exception?.Message ?? "no connection").TrimEnd('.')}.";

    // What RFC 6749 section 5.2 says of the client and the request, and not of the grant.
    private static bool IsAboutTheClient(string? error) => error is "invalid_client" or "invalid_scope" or "unsupported_grant_type";

    private static bool IsAboutTheProof(string? error) => error is "invalid_dpop_proof" or "use_dpop_nonce";

    private string ProofRefused(string answer) =>
        $"The token endpoint '{Endpoint}' takes no request without a valid proof by a key (RFC 9449; {answer}). The refresh token is not "
        + "to blame. If the login has a key ('DPoPKey'), compare the clock of this machine with the server's, and 'TokenEndpoint' with the "
        + "address by which the server knows itself; otherwise sign in with one.";
}
