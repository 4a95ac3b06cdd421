using System.Globalization;
using System.Text.Json;

namespace TokenRefresh.Endpoint;

/// <summary>Reads an answer of the token endpoint: RFC 6749 section 5, and what servers make of it. Holds secrets.</summary>
/// <remarks>Never throws: an answer that is thrown away for a detail may be the only copy of a rotated refresh token.</remarks>
internal sealed class TokenResponseParser
{
    private static readonly TimeSpan LongestLifetime = TimeSpan.FromDays(36525);

    private readonly HttpResponseMessage _response;
    private readonly TimeProvider _time;

    private readonly List<AnswerObject> _objects;
    private readonly AnswerObject _tokens;

    internal TokenResponseParser(LimitedBody body, HttpResponseMessage response, TimeProvider time)
    {
        _response = response;
        _time = time;
        _objects = AnswerObject.ReadAll(body);
        _tokens = FindTokens();
        AccessToken = AccessTokenOf(_tokens);
        RefreshToken = Get("refreshtoken");
        if (RefreshToken is null && _tokens != Root)
        {
            // {"access":{"access_token":"..."},"refresh":{"refresh_token":"..."}}; one beside another access token is that one's.
            RefreshToken = _objects.Find(json => json["refreshtoken"] is not null && json["accesstoken"] is null)?["refreshtoken"];
        }

        if (AccessToken is null)
        {
            ReadOnlySpan<byte> bytes = body.Bytes.Span;
            RefreshToken ??= FindAnywhere("refreshtoken")
                ?? Scan(bytes, "\"refresh_token\""u8) ?? Scan(bytes, "\"refreshToken\""u8) ?? Scan(bytes, "\"RefreshToken\""u8);
        }
    }

    /// <summary>Gets whether the body is a JSON object that was read to its closing brace.</summary>
    internal bool IsJson => Root.IsJson;

    /// <summary>Gets whether the body was read to its end, as JSON or as a form.</summary>
    internal bool IsComplete => Root.IsComplete;

    internal string? AccessToken { get; }

    /// <summary>Gets the refresh token. If no access token could be read, one that stands anywhere in the answer counts.</summary>
    internal string? RefreshToken { get; }

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
        string[]? scopes = scope?.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        AnswerObject? account = Find("account");
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
            TokenType = TokenRefresh.AccessToken.SchemeOf(Get("tokentype")?.Trim()),
            AccountId = Get("accountid") ?? account?["uuid"] ?? account?["id"],
            Subject = Jwt.TryReadSubject(Get("idtoken")),
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

    private static string? AccessTokenOf(AnswerObject json) =>
        json["accesstoken"] is { } token && TokenRefresh.AccessToken.CanBeSent(token) ? token : null;

    private AnswerObject FindTokens()
    {
        // In an envelope, unless the server says that it reports an error.
        string? code = Root["error"];
        string? ignored = null;
        AddError(Find("error"), ref code, ref ignored);
        if (AccessTokenOf(Root) is null && code is null or "0")
        {
            foreach (AnswerObject json in _objects)
            {
                if (AccessTokenOf(json) is not null)
                {
                    return json;
                }
            }
        }

        return Root;
    }

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

    private string? FindAnywhere(string name)
    {
        foreach (AnswerObject json in _objects)
        {
            if (json[name] is { } text)
            {
                return text;
            }
        }

        return null;
    }

    // In a body that is cut off or wrapped in something else: reads from where the name stands.
    private static string? Scan(ReadOnlySpan<byte> body, ReadOnlySpan<byte> name)
    {
        for (int at = body.IndexOf(name); at >= 0; at = body.IndexOf(name))
        {
            body = body[(at + name.Length)..];
            ReadOnlySpan<byte> rest = body.TrimStart(" \t\r\n"u8);
            if (rest is not [(byte)':', ..])
            {
                continue;
            }

            // Not the final block: the string must be closed to be read, and what follows does not matter.
            var reader = new Utf8JsonReader(rest[1..], isFinalBlock: false, new JsonReaderState(AnswerObject.Lenient));
            try
            {
                if (reader.Read() && reader.TokenType == JsonTokenType.String && reader.GetString() is { Length: > 0 } token)
                {
                    return token;
                }
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException)
            {
                // No string, or one that is no text.
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
        const double Year1973 = 1e8;
        const double Year5138 = 1e11;
        if (double.TryParse(expiresAt, NumberStyles.Float, CultureInfo.InvariantCulture, out double count))
        {
            if (count < Year1973)
            {
                return Lifetime(expiresAt, out _);
            }

            if (!double.IsFinite(count))
            {
                return null;
            }

            while (count >= Year5138)
            {
                count /= 1000;
            }

            return Positive(DateTimeOffset.UnixEpoch + TimeSpan.FromSeconds(count) - AnsweredAt);
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
