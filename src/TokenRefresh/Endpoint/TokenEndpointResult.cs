namespace TokenRefresh.Endpoint;

/// <summary>What came of one use, or no use, of a refresh token.</summary>
public sealed class TokenEndpointResult
{
    internal TokenEndpointResult(TokenEndpointOutcome outcome) => Outcome = outcome;

    /// <summary>Gets what happened to the refresh token.</summary>
    public TokenEndpointOutcome Outcome { get; }

    /// <summary>
    /// Gets the new tokens; not <see langword="null"/> exactly when <see cref="Outcome"/> is <see cref="TokenEndpointOutcome.Succeeded"/>.
    /// </summary>
    public TokenResponse? Response { get; private init; }

    /// <summary>Gets the HTTP status, or <see langword="null"/> if there was no answer.</summary>
    public int? StatusCode { get; init; }

    /// <summary>
    /// Gets the server's <c>error</c> code (RFC 6749 section 5.2), at most 100 printable characters, or <see langword="null"/>.
    /// </summary>
    public string? Error { get; init; }

    /// <summary>Gets the server's <c>error_description</c>, at most 300 printable characters, or <see langword="null"/>.</summary>
    public string? ErrorDescription { get; init; }

    /// <summary>Gets how long the server asks to wait, uncapped, or <see langword="null"/>.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Gets the cause, or <see langword="null"/>. Its texts hold no secret.</summary>
    public Exception? Exception { get; init; }

    /// <summary>
    /// Gets the complete refresh token found in an otherwise unreadable answer of status 200, or <see langword="null"/>. A secret: never
    /// log it.
    /// </summary>
    public string? RecoveredRefreshToken { get; init; }

    /// <summary>Gets whether no connection was made, so that another try may.</summary>
    internal bool IsConnectFailure { get; init; }

    /// <summary>
    /// Gets whether a success was answered whole that holds no token: nothing was lost on the way, and the same request would get the same
    /// answer.
    /// </summary>
    internal bool IsWithoutTokens { get; init; }

    /// <summary>The server issued new tokens.</summary>
    /// <param name="response">The tokens.</param>
    /// <returns>The result.</returns>
    public static TokenEndpointResult Success(TokenResponse response)
    {
        ArgumentNullException.ThrowIfNull(response);
        return new(TokenEndpointOutcome.Succeeded) { Response = response, StatusCode = 200 };
    }

    /// <summary>There are no new tokens.</summary>
    /// <param name="outcome">Anything but <see cref="TokenEndpointOutcome.Succeeded"/>.</param>
    /// <param name="statusCode">The HTTP status.</param>
    /// <param name="error">The server's error code.</param>
    /// <param name="errorDescription">The server's description.</param>
    /// <param name="retryAfter">How long the server asks to wait.</param>
    /// <param name="exception">The cause.</param>
    /// <param name="recoveredRefreshToken">A complete refresh token found in a broken answer.</param>
    /// <returns>The result.</returns>
    public static TokenEndpointResult Failure(
        TokenEndpointOutcome outcome,
        int? statusCode = null,
        string? error = null,
        string? errorDescription = null,
        TimeSpan? retryAfter = null,
        Exception? exception = null,
        string? recoveredRefreshToken = null)
    {
        if (outcome == TokenEndpointOutcome.Succeeded)
        {
            throw new ArgumentOutOfRangeException(nameof(outcome), outcome, "A success needs its tokens.");
        }

        return new(outcome)
        {
            StatusCode = statusCode,
            Error = error,
            ErrorDescription = errorDescription,
            RetryAfter = retryAfter,
            Exception = exception,
            RecoveredRefreshToken = recoveredRefreshToken,
        };
    }

    /// <summary>Returns outcome, status and error code.</summary>
    /// <returns>A text that is safe to log.</returns>
    public override string ToString() =>
        $"{Outcome}{(StatusCode is { } status ? $", HTTP {status}" : "")}{(Error is null ? "" : $", '{Error}'")}";

    /// <summary>Says what was answered, for messages: status, code and words.</summary>
    internal string DescribeAnswer() => StatusCode is null ? "no answer" : Describe(StatusCode.Value, Error, ErrorDescription);

    /// <inheritdoc cref="DescribeAnswer"/>
    internal static string Describe(int statusCode, string? error, string? description) =>
        $"HTTP {statusCode}{(error is null ? "" : $", '{error}'")}{(description is null ? "" : $": {description}")}";
}
