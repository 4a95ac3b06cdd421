using Microsoft.Extensions.Logging;

namespace TokenRefresh.TokenEndpoint;

/// <summary>Events of the exchange, ids 300 to 349.</summary>
internal static partial class TokenEndpointLog
{
    [LoggerMessage(300, LogLevel.Debug, "Retrying the token request to '{TokenEndpoint}' in {Delay}, since no connection was made: {Reason}")]
    internal static partial void ConnectRetrying(ILogger logger, string tokenEndpoint, TimeSpan delay, string? reason);

    [LoggerMessage(301, LogLevel.Warning, "The token endpoint '{TokenEndpoint}' answered with a negative 'expires_in'; the pair is used and its expiry counts as unknown")]
    internal static partial void NegativeLifetime(ILogger logger, string tokenEndpoint);

    [LoggerMessage(302, LogLevel.Warning, "The refresh token was not revoked at '{RevocationEndpoint}' (HTTP {StatusCode}); it stays valid at the server until it expires there")]
    internal static partial void RevocationFailed(ILogger logger, string revocationEndpoint, int? statusCode, Exception? exception);
}
