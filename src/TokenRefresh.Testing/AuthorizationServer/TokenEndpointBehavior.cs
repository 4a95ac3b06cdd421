using System.Globalization;
using System.Text;

namespace TokenRefresh.Testing;

/// <summary>
/// What the token endpoint does with one request instead of, or besides, its normal work. Immutable; combine with <c>with</c>.
/// </summary>
/// <remarks>The order is: read the body, delay, park, process, park, drop or answer.</remarks>
public sealed record TokenEndpointBehavior
{
    /// <summary>Gets the normal work: useful as a place holder in a script.</summary>
    public static TokenEndpointBehavior Normal { get; } = new();

    /// <summary>Gets a reset of the connection with the body unread: the refresh token is untouched.</summary>
    public static TokenEndpointBehavior DropBeforeProcessing { get; } = new()
    {
        Drop = ConnectionDrop.BeforeProcessing,
        IsProcessed = false,
    };

    /// <summary>Gets a reset of the connection after the rotation: the answer is lost.</summary>
    public static TokenEndpointBehavior DropAfterProcessing { get; } = new() { Drop = ConnectionDrop.AfterProcessing };

    /// <summary>Gets the normal work with an access token that expires after a millisecond, so that each call needs a refresh.</summary>
    public static TokenEndpointBehavior ExpiresAtOnce { get; } = Member("expires_in", "0.001");

    /// <summary>Gets the time the request is held before it is processed, by the server's clock.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>Gets the gate that holds the request.</summary>
    public ParkedRequest? Gate { get; init; }

    /// <summary>Gets when the connection is reset.</summary>
    public ConnectionDrop Drop { get; init; }

    /// <summary>Gets whether the refresh token is looked at and used, whatever is answered.</summary>
    public bool IsProcessed { get; init; } = true;

    /// <summary>Gets the answer that replaces the server's own.</summary>
    public ScriptedAnswer? Answer { get; init; }

    /// <summary>Gets after how many bytes the body ends.</summary>
    public int? KeepBytes { get; init; }

    /// <summary>Gets whether a body cut by <see cref="KeepBytes"/> ends with a reset in place of a well-formed end.</summary>
    public bool ResetsInBody { get; init; }

    /// <summary>
    /// Gets members of a successful answer that are replaced by raw JSON, or left out where the value is <see langword="null"/>. Without a
    /// refresh token of its own the answer rotates nothing.
    /// </summary>
    public IReadOnlyDictionary<string, string?> Members { get; init; } = new Dictionary<string, string?>(StringComparer.Ordinal);

    /// <summary>Gets whether a grant rotates the refresh token.</summary>
    internal bool Rotates => !Members.ContainsKey("refresh_token");

    /// <summary>Answers as given.</summary>
    /// <param name="status">The status.</param>
    /// <param name="body">The body.</param>
    /// <param name="contentType">Its media type.</param>
    /// <param name="headers">Further headers.</param>
    /// <param name="processed">Whether the refresh token is used all the same.</param>
    /// <returns>The behavior.</returns>
    public static TokenEndpointBehavior AnswerWith(
        int status,
        string body = "",
        string contentType = "application/json",
        IReadOnlyDictionary<string, string>? headers = null,
        bool processed = false) =>
        new()
        {
            IsProcessed = processed,
            Answer = new ScriptedAnswer(status, contentType, Encoding.UTF8.GetBytes(body))
            {
                Headers = headers ?? ScriptedAnswer.NoHeaders,
            },
        };

    /// <summary>Answers with an error of RFC 6749 section 5.2, the refresh token untouched.</summary>
    /// <param name="error">The code, such as <c>invalid_client</c>.</param>
    /// <param name="status">The status.</param>
    /// <returns>The behavior.</returns>
    public static TokenEndpointBehavior Error(string error, int status = 400) =>
        AnswerWith(status, TokenEndpointAnswers.ErrorBody(error, "scripted"));

    /// <summary>Answers with a status that asks to wait.</summary>
    /// <param name="status">For example 429 or 503.</param>
    /// <param name="retryAfter">The header's text, in seconds, as a date, or nonsense; <see langword="null"/> for none.</param>
    /// <returns>The behavior.</returns>
    public static TokenEndpointBehavior Throttle(int status, string? retryAfter) =>
        AnswerWith(
            status,
            TokenEndpointAnswers.ErrorBody("rate_limited", "scripted"),
            headers: retryAfter is null ? null : new Dictionary<string, string>(StringComparer.Ordinal) { ["Retry-After"] = retryAfter });

    /// <summary>Answers with a status that asks to wait, in the seconds form of <c>Retry-After</c>.</summary>
    /// <param name="status">For example 429 or 503.</param>
    /// <param name="retryAfter">How long.</param>
    /// <returns>The behavior.</returns>
    public static TokenEndpointBehavior Throttle(int status, TimeSpan retryAfter) =>
        Throttle(status, ((long)retryAfter.TotalSeconds).ToString(CultureInfo.InvariantCulture));

    /// <summary>Answers with a status that asks to wait, in the date form of <c>Retry-After</c>.</summary>
    /// <param name="status">For example 429 or 503.</param>
    /// <param name="retryAt">Until when.</param>
    /// <returns>The behavior.</returns>
    public static TokenEndpointBehavior Throttle(int status, DateTimeOffset retryAt) =>
        Throttle(status, retryAt.ToString("R", CultureInfo.InvariantCulture));

    /// <summary>Answers with a page of HTML, as proxies and captive portals do.</summary>
    /// <param name="status">The status.</param>
    /// <param name="processed">Whether the refresh token is used all the same.</param>
    /// <returns>The behavior.</returns>
    public static TokenEndpointBehavior Html(int status = 200, bool processed = false) =>
        AnswerWith(
            status,
            "<!doctype html><html><body><h1>Sign in to the network</h1></body></html>",
            "text/html; charset=utf-8",
            processed: processed);

    /// <summary>Answers with a redirect.</summary>
    /// <param name="status">301, 302, 303, 307 or 308.</param>
    /// <param name="target">The target, usually below <see cref="LoopbackAuthorizationServer.OtherOrigin"/>.</param>
    /// <returns>The behavior.</returns>
    public static TokenEndpointBehavior Redirect(int status, Uri target)
    {
        ArgumentNullException.ThrowIfNull(target);
        return AnswerWith(status, headers: new Dictionary<string, string>(StringComparer.Ordinal) { ["Location"] = target.AbsoluteUri });
    }

    /// <summary>Answers 200 with a body that goes on and on.</summary>
    /// <param name="bytes">Its size; default 64 MiB.</param>
    /// <param name="processed">Whether the refresh token is used.</param>
    /// <returns>The behavior.</returns>
    public static TokenEndpointBehavior HugeBody(long bytes = 64L << 20, bool processed = true) =>
        new()
        {
            IsProcessed = processed,
            Answer = new ScriptedAnswer(200, "application/json", "{\"access_token\":\""u8.ToArray()) { PadToBytes = bytes },
        };

    /// <summary>Rotates and ends the body early, in a well-formed HTTP answer.</summary>
    /// <param name="keepBytes">How many bytes of the body arrive.</param>
    /// <returns>The behavior.</returns>
    public static TokenEndpointBehavior TruncateBody(int keepBytes) => new() { KeepBytes = keepBytes };

    /// <summary>Rotates and ends the connection within the body.</summary>
    /// <param name="keepBytes">How many bytes of the body are sent before.</param>
    /// <returns>The behavior.</returns>
    public static TokenEndpointBehavior ResetInBody(int keepBytes) => new() { KeepBytes = keepBytes, ResetsInBody = true };

    /// <summary>Rotates and answers with an error status: the tokens are issued, and no client learns them.</summary>
    /// <param name="status">For example 500, 502 or 504.</param>
    /// <returns>The behavior.</returns>
    public static TokenEndpointBehavior FailAfterProcessing(int status = 500) =>
        AnswerWith(status, "upstream failed", "text/plain", processed: true);

    /// <summary>Replaces or omits a member of the successful answer.</summary>
    /// <param name="name">For example <c>expires_in</c> or <c>refresh_token</c>.</param>
    /// <param name="json">The raw JSON of the value, such as <c>"3600"</c> with its quotes; <see langword="null"/> omits the
    /// member.</param>
    /// <returns>The behavior.</returns>
    public static TokenEndpointBehavior Member(string name, string? json) =>
        new() { Members = new Dictionary<string, string?>(StringComparer.Ordinal) { [name] = json } };

    /// <summary>Holds the request for a time, by the server's clock, and then works normally.</summary>
    /// <param name="delay">How long.</param>
    /// <returns>The behavior.</returns>
    public static TokenEndpointBehavior DelayBy(TimeSpan delay) => new() { Delay = delay };
}
