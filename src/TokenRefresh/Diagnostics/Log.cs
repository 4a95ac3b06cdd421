using Microsoft.Extensions.Logging;

namespace TokenRefresh.Diagnostics;

/// <summary>Every log message of the library. None has a parameter that could hold a secret.</summary>
internal static partial class Log
{
    /// <summary>Gets what a message says of a time that may be unknown.</summary>
    internal static object Time(DateTimeOffset? at) => at is { } known ? known : "an unknown time";

    [LoggerMessage(TokenRefreshEventIds.LockAcquired, LogLevel.Debug, "Acquired token refresh lock '{Lock}' after {Wait}")]
    internal static partial void LockAcquired(ILogger logger, string @lock, TimeSpan wait);

    [LoggerMessage(TokenRefreshEventIds.LockReleased, LogLevel.Debug, "Released token refresh lock '{Lock}' after {Duration}")]
    internal static partial void LockReleased(ILogger logger, string @lock, TimeSpan duration);

    [LoggerMessage(
        TokenRefreshEventIds.LeaseRestarted, LogLevel.Debug,
        "The lease of '{Location}' was not exclusive any more; starting over")]
    internal static partial void LeaseRestarted(ILogger logger, string location);

    [LoggerMessage(
        TokenRefreshEventIds.CompatibleLockTakenOver, LogLevel.Warning,
        "The lock '{Lock}' was left over, last renewed at {RenewedAt:u}, and was taken over")]
    internal static partial void CompatibleLockTakenOver(ILogger logger, string @lock, DateTimeOffset renewedAt);

    [LoggerMessage(
        TokenRefreshEventIds.CompatibleLockLost, LogLevel.Warning,
        "The lock '{Lock}' was removed or taken by another program while it was held here; that program may refresh at the same time")]
    internal static partial void CompatibleLockLost(ILogger logger, string @lock);

    [LoggerMessage(
        TokenRefreshEventIds.CompatibleLockStays, LogLevel.Warning,
        "The lock '{Lock}' could not be given back; other programs wait until it is stale. Remove it")]
    internal static partial void CompatibleLockStays(ILogger logger, string @lock, Exception exception);

    [LoggerMessage(TokenRefreshEventIds.ExchangeStarting, LogLevel.Trace, "Refreshing the access token of '{Location}'")]
    internal static partial void ExchangeStarting(ILogger logger, string location);

    [LoggerMessage(
        TokenRefreshEventIds.Refreshed, LogLevel.Information,
        "Refreshed the access token of '{Location}' in {Duration}; it expires at {ExpiresAt:u}")]
    internal static partial void Refreshed(ILogger logger, string location, TimeSpan duration, object expiresAt);

    [LoggerMessage(
        TokenRefreshEventIds.Adopted, LogLevel.Debug,
        "Adopted the stored access token of '{Location}'; it expires at {ExpiresAt:u}")]
    internal static partial void Adopted(ILogger logger, string location, object expiresAt);

    [LoggerMessage(
        TokenRefreshEventIds.ExchangeFailed, LogLevel.Warning,
        "Refreshing the access token of '{Location}' failed: {Answer}")]
    internal static partial void ExchangeFailed(ILogger logger, string location, string answer, Exception? exception);

    [LoggerMessage(
        TokenRefreshEventIds.BackgroundRefreshFailed, LogLevel.Warning,
        "The access token of '{Location}' could not be refreshed ahead of its expiry; it is served until {ExpiresAt:u}")]
    internal static partial void BackgroundRefreshFailed(ILogger logger, string location, object expiresAt, Exception exception);

    [LoggerMessage(
        TokenRefreshEventIds.ServedDespiteFailure, LogLevel.Warning,
        "The access token of '{Location}' could not be refreshed; it is served until {ExpiresAt:u}")]
    internal static partial void ServedDespiteFailure(ILogger logger, string location, object expiresAt, Exception exception);

    [LoggerMessage(
        TokenRefreshEventIds.ClockJumped, LogLevel.Warning,
        "The wall clock moved by {Jump} against the monotonic one before the request for '{Location}'; reading again")]
    internal static partial void ClockJumped(ILogger logger, string location, TimeSpan jump);

    [LoggerMessage(
        TokenRefreshEventIds.RefreshTokenExpiring, LogLevel.Warning,
        "The refresh token of '{Location}' expires {ExpiresAt:u}; sign in again before")]
    internal static partial void RefreshTokenExpiring(ILogger logger, string location, DateTimeOffset expiresAt);

    [LoggerMessage(
        TokenRefreshEventIds.ConnectRetrying, LogLevel.Debug,
        "Trying the token request to '{TokenEndpoint}' again in {Delay}, since no connection was made: {Reason}")]
    internal static partial void ConnectRetrying(ILogger logger, string tokenEndpoint, TimeSpan delay, string? reason);

    [LoggerMessage(
        TokenRefreshEventIds.LifetimeMalformed, LogLevel.Warning,
        "The token endpoint '{TokenEndpoint}' answered with a negative 'expires_in'; " +
        "the tokens are used and their expiry counts as unknown")]
    internal static partial void LifetimeMalformed(ILogger logger, string tokenEndpoint);

    [LoggerMessage(
        TokenRefreshEventIds.SaveFailed, LogLevel.Error,
        "The new tokens could not be saved to '{Location}'; they are kept in memory and saved again")]
    internal static partial void SaveFailed(ILogger logger, string location, Exception exception);

    [LoggerMessage(
        TokenRefreshEventIds.SavedInPlace, LogLevel.Warning,
        "'{Location}' cannot be replaced, since it is mounted by itself, and was written in place; " +
        "the lock beside it is not shared with programs outside. Mount its directory")]
    internal static partial void SavedInPlace(ILogger logger, string location);

    [LoggerMessage(
        TokenRefreshEventIds.DamagedFileMoved, LogLevel.Warning,
        "'{Location}' held no JSON and was moved to '{MovedTo}', which may hold tokens: delete it once it is not needed")]
    internal static partial void DamagedFileMoved(ILogger logger, string location, string movedTo);

    [LoggerMessage(
        TokenRefreshEventIds.LeftOverStays, LogLevel.Warning,
        "The temp file '{Path}' of an earlier save cannot be removed and was left alone; it may hold tokens. Remove it")]
    internal static partial void LeftOverStays(ILogger logger, string path);

    [LoggerMessage(
        TokenRefreshEventIds.UnsavedTokensSaved, LogLevel.Information,
        "The tokens that could not be saved to '{Location}' before are saved")]
    internal static partial void UnsavedTokensSaved(ILogger logger, string location);

    [LoggerMessage(TokenRefreshEventIds.TokensDiscarded, LogLevel.Warning, "The new tokens of '{Location}' were discarded: {Reason}")]
    internal static partial void TokensDiscarded(ILogger logger, string location, TokensDiscardedReason reason);

    [LoggerMessage(
        TokenRefreshEventIds.RollbackUndone, LogLevel.Warning,
        "An older file had come back to '{Location}'; the newer tokens were saved over it")]
    internal static partial void RollbackUndone(ILogger logger, string location);

    [LoggerMessage(
        TokenRefreshEventIds.RecordNotWritten, LogLevel.Debug,
        "The coordination record of '{Location}' was not updated")]
    internal static partial void RecordNotWritten(ILogger logger, string location, Exception exception);

    [LoggerMessage(
        TokenRefreshEventIds.SignInRequired, LogLevel.Error,
        "The login in '{Location}' requires that the user signs in again: {Reason}")]
    internal static partial void SignInRequired(ILogger logger, string location, SignInRequiredReason reason);

    [LoggerMessage(TokenRefreshEventIds.SignedIn, LogLevel.Information, "Stored a login in '{Location}'")]
    internal static partial void SignedIn(ILogger logger, string location);

    [LoggerMessage(TokenRefreshEventIds.SignedOut, LogLevel.Information, "Removed the login from '{Location}'")]
    internal static partial void SignedOut(ILogger logger, string location);

    [LoggerMessage(
        TokenRefreshEventIds.RevocationFailed, LogLevel.Warning,
        "The revocation endpoint did not confirm: {Answer}")]
    internal static partial void RevocationFailed(ILogger logger, string answer, Exception? exception);

    [LoggerMessage(
        TokenRefreshEventIds.SignInAwaited, LogLevel.Information,
        "Waiting for the sign-in to '{Location}' in process '{Holder}'")]
    internal static partial void SignInAwaited(ILogger logger, string location, object holder);

    [LoggerMessage(TokenRefreshEventIds.CallbackFailed, LogLevel.Warning, "A callback '{Callback}' threw")]
    internal static partial void CallbackFailed(ILogger logger, string callback, Exception exception);

    [LoggerMessage(
        TokenRefreshEventIds.TokenNotAttached, LogLevel.Debug,
        "Sending a request to '{Origin}' without the access token: {Reason}")]
    internal static partial void TokenNotAttached(ILogger logger, string origin, string reason);

    [LoggerMessage(TokenRefreshEventIds.RequestNotResent, LogLevel.Debug, "Not sending the rejected request to '{Origin}' again: {Reason}")]
    internal static partial void RequestNotResent(ILogger logger, string origin, string reason, Exception? exception);

    [LoggerMessage(
        TokenRefreshEventIds.EnvironmentTokenUsed, LogLevel.Information,
        "Using the access token of the environment variable '{Variable}'")]
    internal static partial void EnvironmentTokenUsed(ILogger logger, string variable);

    [LoggerMessage(
        TokenRefreshEventIds.EnvironmentTokenRejected, LogLevel.Warning,
        "The access token of the environment variable '{Variable}' was rejected, and nothing can replace it. " +
        "Set the variable to a valid one, or unset it")]
    internal static partial void EnvironmentTokenRejected(ILogger logger, string variable);
}
