using System.Globalization;
using System.Text;

namespace TokenRefresh.Endpoint;

/// <summary>Reads an answer of the token endpoint: RFC 6749 section 5, and what servers make of it. Holds secrets.</summary>
/// <remarks>Never throws: an answer that is thrown away for a detail may be the only copy of a rotated refresh token.</remarks>
internal sealed partial class TokenResponseParser
{
    // 64 Ki characters of scopes: more is no list to store beside the tokens.
    private const int LongestScope = 64 * 1024;

    private static readonly TimeSpan Longest = TimeSpan.FromDays(36525);

    private readonly LimitedBody _body;
    private readonly HttpResponseMessage _response;
    private readonly TokenRequest _request;
    private readonly TimeProvider _time;
    private readonly List<AnswerObject> _objects;
    private readonly AnswerObject _tokens;

    // The refresh token of the request, and the access token stored beside it, may be echoed.
    internal TokenResponseParser(LimitedBody body, HttpResponseMessage response, TokenRequest request, TimeProvider time)
    {
        _body = body;
        _response = response;
        _request = request;
        _time = time;
        _objects = AnswerObject.ReadAll(body, request);
        _tokens = FindTokens();
        AccessToken = AccessTokenOf(_tokens);
        FindRefreshToken();
    }

    /// <summary>Gets whether the body is a JSON object that was read to its closing brace.</summary>
    internal bool IsJson => Root.IsJson;

    /// <summary>Gets whether the body was read to its end, as JSON or as a form.</summary>
    internal bool IsComplete => Root.IsComplete;

    internal string? AccessToken { get; }

    /// <summary>Gets the refresh token. If no access token could be read, one that stands anywhere in the answer counts.</summary>
    /// <remarks>One that differs from the one sent comes first: that one may be an echo, or stay valid.</remarks>
    internal string? RefreshToken { get; private set; }

    /// <summary>Gets whether the lifetime is negative, and so counts as unknown.</summary>
    internal bool HasNegativeLifetime => Seconds(ExpiresIn) < TimeSpan.Zero;

    /// <summary>Gets how long to wait (RFC 9110 section 10.2.3); <see langword="null"/> if that is not named or cannot be read.</summary>
    internal TimeSpan? RetryAfter
    {
        get
        {
            if (!_response.Headers.NonValidated.TryGetValues("Retry-After", out var values))
            {
                return null;
            }

            // The typed header knows whole seconds of 32 bits only; servers also send fractions and absurdly many.
            TimeSpan? wait = Seconds(values.ToString().Trim()) ?? (_response.Headers.RetryAfter?.Date - _time.GetUtcNow());
            return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
        }
    }

    private AnswerObject Root => _objects[0];

    private string? ExpiresIn => Get("expiresin", "expirein", "accesstokenexpiresin");

    // The server's own clock, where it tells it, since the times in its answer come from that too.
    private DateTimeOffset AnsweredAt => _response.Headers.Date ?? _time.GetUtcNow();

    /// <summary>Creates the response if the answer holds an access token.</summary>
    internal TokenResponse? TryCreateResponse()
    {
        if (AccessToken is null)
        {
            return null;
        }

        string? scope = Get("scope", "scopes", "scope[]", "scopes[]");
        string[]? scopes = scope is { Length: <= LongestScope }
            ? scope.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
            : null;
        string? expiresAt = Get(
            "expiresat", "expireson", "expirydate", "expiry", "expires", ".expires", "accesstokenexpiresat", "expiration", "exp");
        string? idToken = Get("idtoken");
        return new TokenResponse(AccessToken, RefreshToken, Positive(Seconds(ExpiresIn)) ?? Until(expiresAt))
        {
            RefreshTokenExpiresIn = Positive(Seconds(Get("refreshtokenexpiresin", "refreshexpiresin")))
                ?? Until(Get("refreshtokenexpiresat", "refreshexpiresat")),
            Scopes = scopes is { Length: > 0 } ? scopes : null,
            TokenType = TokenRefresh.AccessToken.SchemeOf(Get("tokentype", "tokentype[]")?.Trim()),
            AccountId = Get("accountid") ?? Find("account")?.First("uuid", "id"),
            IdToken = idToken is not null && TokenRefresh.AccessToken.CanBeSent(idToken) ? idToken : null,
            Subject = Jwt.TryReadSubject(idToken),
        };
    }

    /// <summary>Reads the error code and the words for it, wherever they stand; as the server wrote them.</summary>
    internal void ReadError(out string? code, out string? description)
    {
        code = Root.First("error", "error[]");
        description = Root["errordescription"];
        AddError(Find("error"), ref code, ref description);
        string? nested = null;
        foreach (AnswerObject json in _objects)
        {
            if (json != Root)
            {
                AddError(json, ref code, ref nested);
            }
        }

        code ??= CodeOf(Root) ?? Root["type"];
        string? message = MessageOf(Root) ?? Root.First("errors", "errors[]");
        description ??= message is null || nested is null ? message ?? nested : $"{message}: {nested}";
        description ??= code is null && !_response.IsSuccessStatusCode ? PlainText() : null;
        description = IsPage(description) ? null : description;
    }

    /// <summary>Returns the beginning of the body: four times as much as is kept, since what is not printable goes and secrets shrink.
    /// </summary>
    internal string BodyText(int length) => Encoding.UTF8.GetString(_body.Bytes.Span[..Math.Min(_body.Bytes.Length, length * 4)]);

    // {"error":{"type":"not_found_error","message":"..."}}; where a code stands beside the type, it is the more exact of the two.
    private static void AddError(AnswerObject? error, ref string? code, ref string? description)
    {
        if (error is not null)
        {
            string? exact = CodeOf(error);
            bool isWord = exact is not null && !char.IsAsciiDigit(exact[0]);
            string? own = isWord ? exact : error.First("type", "error", "status") ?? exact;

            // {"resource":"RefreshToken","field":"refresh_token","code":"invalid"} or {"error":"Unauthorized","cause":{"code":"..."}}
            description ??= MessageOf(error) ?? (error["field"] is { } field ? $"{field}: {exact}" : code is null ? null : own);
            code ??= own;
        }
    }

    private static string? CodeOf(AnswerObject error) => error.First("errorcode", "errortype", "errorid", "errcode", "code", "name");

    private static string? MessageOf(AnswerObject error) =>
        error.First(
            "message", "errordescription", "description", "msg", "errmsg", "errormessage", "faultstring", "detail", "title",
            "errorsummary", "reason", "err")

        // {"errors":{"refresh_token":["is invalid"]}}
        ?? (error["refreshtoken[]"] is { } words ? $"refresh_token: {words}" : null);

    // Words, under whatever media type; a document, or what is no text, says nothing.
    private string? PlainText()
    {
        string text = BodyText(SecretRedactor.DescriptionLength).TrimStart('\uFEFF').TrimStart();
        return text.Length == 0 || text[0] is '{' or '[' || text.AsSpan().ContainsAny('\0', '\uFFFD') ? null : text;
    }

    // Also as a text in JSON, and behind other words: it quotes anything.
    private static bool IsPage(string? text) => text is not null
        && (text.AsSpan().TrimStart().StartsWith("<")
            || Array.Exists(["<html", "<!doctype", "<head", "<body"], tag => text.Contains(tag, StringComparison.OrdinalIgnoreCase)));

    private string? Get(params string[] names) => AnswerObject.FirstOf(_tokens, Root, names);

    private AnswerObject? Find(string objectName) => _objects.Find(json => json.Name == objectName);

    private static TimeSpan? Seconds(string? text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds) && !double.IsNaN(seconds)
            ? TimeSpan.FromSeconds(Math.Clamp(seconds, -Longest.TotalSeconds, Longest.TotalSeconds))
            : null;

    private static TimeSpan? Positive(TimeSpan? time) => time > TimeSpan.Zero ? (time < Longest ? time : Longest) : null;

    // Seconds, milliseconds or smaller since 1970, a lifetime in the wrong member, or a date.
    private TimeSpan? Until(string? expiresAt)
    {
        if (CountedTime.TryRead(expiresAt, CredentialsTimeUnit.Seconds, out DateTimeOffset? at))
        {
            return Positive(at?.Year >= 1973 ? at - AnsweredAt : Seconds(expiresAt));
        }

        const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        return DateTimeOffset.TryParse(expiresAt, CultureInfo.InvariantCulture, Utc, out DateTimeOffset time)
            ? Positive(time - AnsweredAt)
            : null;
    }
}
