using System.Globalization;

namespace TokenRefresh.Endpoint;

/// <summary>Reads an answer of the token endpoint: RFC 6749 section 5, and what servers make of it. Holds secrets.</summary>
/// <remarks>Never throws: an answer that is thrown away for a detail may be the only copy of a rotated refresh token.</remarks>
internal sealed partial class TokenResponseParser
{
    private static readonly TimeSpan LongestLifetime = TimeSpan.FromDays(36525);

    private readonly HttpResponseMessage _response;
    private readonly TimeProvider _time;
    private readonly TokenRequest _request;

    private readonly List<AnswerObject> _objects;
    private readonly AnswerObject _tokens;

    /// <param name="body">What was answered.</param>
    /// <param name="response">Its headers.</param>
    /// <param name="request">What was asked: its refresh token and the access token stored beside it may be echoed.</param>
    /// <param name="time">Now.</param>
    internal TokenResponseParser(LimitedBody body, HttpResponseMessage response, TokenRequest request, TimeProvider time)
    {
        _response = response;
        _time = time;
        _request = request;
        _objects = AnswerObject.ReadAll(body, request);
        _tokens = FindTokens();
        AccessToken = AccessTokenOf(_tokens);
        Offer(_tokens["refreshtoken"]);
        OfferItem(_tokens);
        Offer(Root["refreshtoken"]);
        OfferItem(Root);
        foreach (AnswerObject json in _objects)
        {
            if ((json["refreshtoken"] ?? json["refreshtoken[]"]) is not null && (AccessToken is null || IsBesideNoOther(json)))
            {
                OfferNested(json["refreshtoken"]);
                OfferItem(json);
            }
        }

        if (AccessToken is null && IsKnown(RefreshToken))
        {
            Scan(body.Bytes.Span, "\"refresh_token\""u8);
            Scan(body.Bytes.Span, "\"refreshToken\""u8);
            Scan(body.Bytes.Span, "\"RefreshToken\""u8);
        }
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
    internal bool HasNegativeLifetime { get; private set; }

    private AnswerObject Root => _objects[0];

    // The server's own clock, where it tells it, since the times in its answer come from that too.
    private DateTimeOffset AnsweredAt => _response.Headers.Date ?? _time.GetUtcNow();

    /// <summary>Creates the response if the answer holds an access token.</summary>
    internal TokenResponse? TryCreateResponse()
    {
        if (AccessToken is null)
        {
            return null;
        }

        TimeSpan? expiresIn = Lifetime(Get("expiresin") ?? Get("expirein") ?? Get("accesstokenexpiresin"), out bool isNegative);
        HasNegativeLifetime = isNegative;
        string? scope = Get("scope") ?? Get("scopes") ?? Get("scope[]") ?? Get("scopes[]");

        // More than that is no list to store beside the tokens.
        string[]? scopes = scope is { Length: <= AnswerObject.LongestList }
            ? scope.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
            : null;
        AnswerObject? account = Find("account");
        string? idToken = Get("idtoken");
        return new TokenResponse(
            AccessToken,
            RefreshToken,
            expiresIn ?? Until(
                Get("expiresat") ?? Get("expireson") ?? Get("expirydate") ?? Get("expiry") ?? Get("expires") ?? Get(".expires")
                ?? Get("accesstokenexpiresat") ?? Get("expiration") ?? Get("exp")))
        {
            RefreshTokenExpiresIn = Lifetime(Get("refreshtokenexpiresin") ?? Get("refreshexpiresin"), out _)
                ?? Until(Get("refreshtokenexpiresat") ?? Get("refreshexpiresat")),
            Scopes = scopes is { Length: > 0 } ? scopes : null,
            TokenType = TokenRefresh.AccessToken.SchemeOf((Get("tokentype") ?? Get("tokentype[]"))?.Trim()),
            AccountId = Get("accountid") ?? account?["uuid"] ?? account?["id"],
            IdToken = idToken is not null && TokenRefresh.AccessToken.CanBeSent(idToken) ? idToken : null,
            Subject = Jwt.TryReadSubject(idToken),
        };
    }

    /// <summary>Reads the error code and the words for it, wherever they stand; as the server wrote them.</summary>
    internal void ReadError(out string? code, out string? description)
    {
        code = Root["error"] ?? Root["error[]"];
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
        string? message = MessageOf(Root) ?? Root["errors"] ?? Root["errors[]"];
        description ??= message is null || nested is null ? message ?? nested : $"{message}: {nested}";
    }

    // {"error":{"type":"not_found_error","message":"..."}}; where a code stands beside the type, it is the more exact of the two.
    private static void AddError(AnswerObject? error, ref string? code, ref string? description)
    {
        if (error is not null)
        {
            string? exact = CodeOf(error);
            bool isWord = exact is not null && !char.IsAsciiDigit(exact[0]);
            string? own = isWord ? exact : error["type"] ?? error["error"] ?? error["status"] ?? exact;

            // {"resource":"RefreshToken","field":"refresh_token","code":"invalid"} or {"error":"Unauthorized","cause":{"code":"..."}}
            description ??= MessageOf(error) ?? (error["field"] is { } field ? $"{field}: {exact}" : code is null ? null : own);
            code ??= own;
        }
    }

    private static string? CodeOf(AnswerObject error) =>
        error["errorcode"] ?? error["errortype"] ?? error["errorid"] ?? error["errcode"] ?? error["code"] ?? error["name"];

    private static string? MessageOf(AnswerObject error) =>
        error["message"] ?? error["errordescription"] ?? error["description"] ?? error["msg"] ?? error["errmsg"] ?? error["errormessage"]
        ?? error["faultstring"] ?? error["detail"] ?? error["title"] ?? error["errorsummary"] ?? error["reason"] ?? error["err"]

        // {"errors":{"refresh_token":["is invalid"]}}
        ?? (error["refreshtoken[]"] is { } words ? $"refresh_token: {words}" : null);

    private string? Get(string name) => _tokens[name] ?? Root[name];

    private AnswerObject? Find(string objectName)
    {
        foreach (AnswerObject json in _objects)
        {
            if (json.Name == objectName)
            {
                return json;
            }
        }

        return null;
    }

    private static TimeSpan? Lifetime(string? text, out bool isNegative)
    {
        isNegative = false;
        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds) || double.IsNaN(seconds))
        {
            return null;
        }

        isNegative = seconds < 0;
        if (seconds <= 0)
        {
            return null;
        }

        return seconds >= LongestLifetime.TotalSeconds ? LongestLifetime : TimeSpan.FromSeconds(seconds);
    }

    // Seconds, milliseconds or smaller since 1970, a lifetime in the wrong member, or a date.
    private TimeSpan? Until(string? expiresAt)
    {
        if (CountedTime.TryRead(expiresAt, CredentialsTimeUnit.Seconds, out DateTimeOffset? at))
        {
            return at?.Year >= 1973 ? Positive(at.Value - AnsweredAt) : Lifetime(expiresAt, out _);
        }

        const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        return DateTimeOffset.TryParse(expiresAt, CultureInfo.InvariantCulture, Utc, out DateTimeOffset time)
            ? Positive(time - AnsweredAt)
            : null;
    }

    private static TimeSpan? Positive(TimeSpan lifetime)
    {
        if (lifetime <= TimeSpan.Zero)
        {
            return null;
        }

        return lifetime < LongestLifetime ? lifetime : LongestLifetime;
    }
}
