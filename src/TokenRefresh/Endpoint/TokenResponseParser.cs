using System.Globalization;
using System.Text;
using System.Text.Json;

namespace TokenRefresh.Endpoint;

/// <summary>Reads an answer of the token endpoint: RFC 6749 section 5, and what servers make of it. Holds secrets.</summary>
/// <remarks>Never throws: an answer that is thrown away for a detail may be the only copy of a rotated refresh token.</remarks>
internal sealed class TokenResponseParser
{
    private static readonly JsonReaderOptions Lenient = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };
    private static readonly TimeSpan LongestLifetime = TimeSpan.FromDays(36525);

    private readonly HttpResponseMessage _response;
    private readonly TimeProvider _time;
    private string? _code;
    private string? _message;
    private string? _accessToken;
    private string? _refreshToken;
    private TimeSpan? _expiresIn;
    private TimeSpan? _refreshTokenExpiresIn;
    private DateTimeOffset? _expiresAt;
    private DateTimeOffset? _refreshTokenExpiresAt;
    private List<string>? _scopes;
    private string? _tokenType;
    private string? _accountId;
    private string? _subject;

    private TokenResponseParser(HttpResponseMessage response, TimeProvider time)
    {
        _response = response;
        _time = time;
    }

    /// <summary>Gets whether the body is a JSON object that was read to its closing brace.</summary>
    internal bool IsJson { get; private set; }

    /// <summary>Gets whether a lifetime is negative, and so counts as unknown.</summary>
    internal bool HasNegativeLifetime { get; private set; }

    /// <summary>Gets the error code, wherever it stands; as the server wrote it.</summary>
    internal string? Error { get; private set; }

    /// <summary>Gets the words that the server has for the error; as it wrote them.</summary>
    internal string? ErrorDescription { get; private set; }

    /// <summary>Gets the new access token, also of an answer that is no success.</summary>
    internal string? AccessToken => _accessToken;

    /// <summary>Gets the new refresh token, also one that stands alone.</summary>
    internal string? RefreshToken => _refreshToken;

    // The server's own clock, where it tells it, since the times in its answer come from that too.
    private DateTimeOffset AnsweredAt => _response.Headers.Date ?? _time.GetUtcNow();

    /// <summary>Reads a body. Bytes after its JSON value are ignored.</summary>
    /// <param name="body">The body, or its beginning.</param>
    /// <param name="response">The answer it came with.</param>
    /// <param name="time">Tells when that was if the server does not.</param>
    internal static TokenResponseParser Parse(LimitedBody body, HttpResponseMessage response, TimeProvider time)
    {
        var parser = new TokenResponseParser(response, time);
        ReadOnlySpan<byte> text = WithoutByteOrderMark(body.Bytes.Span).TrimStart(" \t\r\n"u8);
        if (IsForm(text))
        {
            parser.ReadForm(Encoding.UTF8.GetString(text), body.IsWhole);
            return parser;
        }

        try
        {
            var reader = new Utf8JsonReader(text, Lenient);
            if (JsonDocument.TryParseValue(ref reader, out JsonDocument? json))
            {
                using (json)
                {
                    parser.ReadJson(json.RootElement);
                }
            }
        }
        catch (JsonException)
        {
            // Truncated, or no JSON at all.
        }

        if (parser._accessToken is null && parser._refreshToken is null)
        {
            parser._refreshToken = FindRefreshToken(text, "\"refresh_token\""u8)
                ?? FindRefreshToken(text, "\"refreshToken\""u8)
                ?? FindRefreshToken(text, "\"RefreshToken\""u8);
        }

        return parser;
    }

    /// <summary>Creates the response if the answer holds an access token in a complete body.</summary>
    internal TokenResponse? TryCreateResponse() => _accessToken is null ? null : new TokenResponse(_accessToken, _refreshToken, _expiresIn ?? Until(_expiresAt))
    {
        RefreshTokenExpiresIn = _refreshTokenExpiresIn ?? Until(_refreshTokenExpiresAt),
        Scopes = _scopes,
        TokenType = _tokenType,
        AccountId = _accountId,
        Subject = _subject,
    };

    private void ReadJson(JsonElement root)
    {
        if (root.ValueKind == JsonValueKind.String)
        {
            ErrorDescription = Text(root);
            return;
        }

        IsJson = root.ValueKind == JsonValueKind.Object;
        if (IsJson)
        {
            ReadMembers(root);
        }

        // An envelope, unless the server says that it reports an error.
        if (_accessToken is null && Error is null)
        {
            if (TryFindTokens(root, out JsonElement tokens))
            {
                ReadMembers(tokens);
            }
            else
            {
                FindError(root);
            }
        }

        Error ??= _code;
        ErrorDescription ??= _message;
    }

    private void ReadMembers(JsonElement json)
    {
        foreach (JsonProperty member in json.EnumerateObject())
        {
            string name = NameOf(member);
            switch (name)
            {
                case "scope" or "scopes" when member.Value.ValueKind == JsonValueKind.Array:
                    _scopes = Texts(member.Value);
                    break;
                case "account" when member.Value.ValueKind == JsonValueKind.Object:
                    // {"account":{"uuid":"...","email_address":"..."}}
                    _accountId ??= Member(member.Value, "uuid") ?? Member(member.Value, "id");
                    break;
                case "error" when member.Value.ValueKind == JsonValueKind.Object:
                    ReadError(member.Value);
                    break;
                default:
                    Set(name, Text(member.Value));
                    break;
            }
        }
    }

    // Whatever object or array it is in: {"errors":[{"errorType":"invalid_grant"}]}, {"fault":{"faultstring":"..."}}.
    private void FindError(JsonElement json)
    {
        if (json.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement item in json.EnumerateArray())
            {
                if (item.ValueKind == JsonValueKind.Object)
                {
                    ReadError(item);
                }
                else
                {
                    ErrorDescription ??= Filled(Text(item));
                }

                FindError(item);
            }
        }
        else if (json.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty member in json.EnumerateObject())
            {
                if (member.Value.ValueKind == JsonValueKind.Object)
                {
                    ReadError(member.Value);
                }

                if (member.Value.ValueKind is JsonValueKind.Object or JsonValueKind.Array)
                {
                    FindError(member.Value);
                }
            }
        }
    }

    // {"error":{"type":"not_found_error","message":"..."}}; where a code stands beside the type, it is the more exact of the two.
    private void ReadError(JsonElement error)
    {
        string? code = null;
        string? type = null;
        string? number = null;
        string? message = null;
        string? field = null;
        foreach (JsonProperty member in error.EnumerateObject())
        {
            string? value = Filled(Text(member.Value));
            switch (NameOf(member))
            {
                case "code" or "errorcode" or "errortype" or "errorid" when member.Value.ValueKind == JsonValueKind.Number:
                    number = value;
                    break;
                case "code" or "errorcode" or "errortype" or "errorid":
                    code = value ?? code;
                    break;
                case "type" or "error" or "status":
                    type = value ?? type;
                    break;
                case "message" or "msg" or "description" or "errordescription" or "faultstring" or "detail" or "reason":
                    message = value ?? message;
                    break;
                case "field" or "parameter":
                    field = value;
                    break;
            }
        }

        Error ??= code ?? type ?? number;
        ErrorDescription ??= message;

        // {"resource":"RefreshToken","field":"refresh_token","code":"invalid"}
        if (ErrorDescription is null && field is not null && code is not null)
        {
            ErrorDescription = $"{field}: {code}";
        }
    }

    private void ReadForm(string form, bool isWhole)
    {
        string[] pairs = form.Trim().Split('&');

        // Whether the last value is complete cannot be seen, and half a refresh token is none.
        int count = isWhole ? pairs.Length : pairs.Length - 1;
        for (int i = 0; i < count; i++)
        {
            int equals = pairs[i].IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
            {
                Set(Normalize(Decode(pairs[i][..equals])), Decode(pairs[i][(equals + 1)..]));
            }
        }

        Error ??= _code;
        ErrorDescription ??= _message;
        if (!isWhole)
        {
            // The refresh token may be in what is missing. Without it the access token alone would hide that it was rotated.
            _accessToken = null;
        }
    }

    private void Set(string name, string? value)
    {
        switch (name)
        {
            case "accesstoken":
                _accessToken = value is not null && TokenRefresh.AccessToken.CanBeSent(value) ? value : _accessToken;
                break;
            case "refreshtoken":
                _refreshToken = Filled(value) ?? _refreshToken;
                break;
            case "expiresin":
                _expiresIn = Lifetime(value, out bool isNegative);
                HasNegativeLifetime |= isNegative;
                break;
            case "expiresat" or "expireson" or "expirydate" or "expiry":
                _expiresAt = Time(value) ?? _expiresAt;
                break;
            case "refreshtokenexpiresin" or "refreshexpiresin":
                _refreshTokenExpiresIn = Lifetime(value, out _);
                break;
            case "refreshtokenexpiresat" or "refreshexpiresat":
                _refreshTokenExpiresAt = Time(value) ?? _refreshTokenExpiresAt;
                break;
            case "scope" or "scopes":
                _scopes = value is null ? null : NonEmpty([.. value.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)]);
                break;
            case "tokentype":
                _tokenType = TokenRefresh.AccessToken.SchemeOf(value);
                break;
            case "accountid":
                _accountId = Filled(value) ?? _accountId;
                break;
            case "idtoken":
                _subject = Jwt.TryReadSubject(value);
                break;
            case "error":
                Error = Filled(value) ?? Error;
                break;
            case "errordescription":
                ErrorDescription = Filled(value) ?? ErrorDescription;
                break;
            case "code" or "errorcode" or "errcode" or "type" when !string.IsNullOrEmpty(value) && (_code is null || char.IsAsciiDigit(_code[0])):
                _code = value;
                break;
            case "message" or "detail" or "msg" or "errmsg" or "errormessage" or "reason":
                _message = Filled(value) ?? _message;
                break;
        }
    }

    private TimeSpan? Until(DateTimeOffset? expiresAt) => expiresAt > AnsweredAt ? Shorter(expiresAt.Value - AnsweredAt) : null;

    private static TimeSpan Shorter(TimeSpan lifetime) => lifetime < LongestLifetime ? lifetime : LongestLifetime;

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
    private DateTimeOffset? Time(string? text)
    {
        const double Year1973 = 1e8;
        const double Year5138 = 1e11;
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double count))
        {
            if (!double.IsFinite(count) || count <= 0)
            {
                return null;
            }

            if (count < Year1973)
            {
                return AnsweredAt + TimeSpan.FromSeconds(count);
            }

            while (count >= Year5138)
            {
                count /= 1000;
            }

            return DateTimeOffset.UnixEpoch + TimeSpan.FromSeconds(count);
        }

        return DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTimeOffset time) ? time : null;
    }

    private static bool TryFindTokens(JsonElement json, out JsonElement tokens)
    {
        if (json.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty member in json.EnumerateObject())
            {
                if (NameOf(member) == "accesstoken" && Text(member.Value) is { } token && TokenRefresh.AccessToken.CanBeSent(token))
                {
                    tokens = json;
                    return true;
                }
            }

            foreach (JsonProperty member in json.EnumerateObject())
            {
                if (TryFindTokens(member.Value, out tokens))
                {
                    return true;
                }
            }
        }
        else if (json.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement item in json.EnumerateArray())
            {
                if (TryFindTokens(item, out tokens))
                {
                    return true;
                }
            }
        }

        tokens = default;
        return false;
    }

    // At any depth, and in a body that is cut off or wrapped in something else, so it reads from where the name stands.
    private static string? FindRefreshToken(ReadOnlySpan<byte> body, ReadOnlySpan<byte> name)
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
            var reader = new Utf8JsonReader(rest[1..], isFinalBlock: false, new JsonReaderState(Lenient));
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

    // GitHub's default; others send it under any media type.
    private static bool IsForm(ReadOnlySpan<byte> text)
    {
        int equals = text.IndexOf((byte)'=');
        return equals > 0 && text[..equals].IndexOfAnyExceptInRange((byte)'A', (byte)'z') < 0;
    }

    private static string Decode(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));

    // A string, or a number as it stands; anything else counts as absent.
    private static string? Text(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                try
                {
                    return value.GetString();
                }
                catch (InvalidOperationException)
                {
                    // Bytes that are no UTF-8, or half a surrogate pair.
                    return null;
                }

            case JsonValueKind.Number:
                return value.GetRawText();
            default:
                return null;
        }
    }

    private static string NameOf(JsonProperty member)
    {
        try
        {
            return Normalize(member.Name);
        }
        catch (InvalidOperationException)
        {
            return "";
        }
    }

    // access_token, accessToken, AccessToken and access-token are one name.
    private static string Normalize(string name) =>
        name.Replace("_", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal).ToLowerInvariant();

    private static string? Member(JsonElement json, string name)
    {
        foreach (JsonProperty member in json.EnumerateObject())
        {
            if (NameOf(member) == name && Filled(Text(member.Value)) is { } text)
            {
                return text;
            }
        }

        return null;
    }

    private static List<string>? Texts(JsonElement array)
    {
        var texts = new List<string>();
        foreach (JsonElement item in array.EnumerateArray())
        {
            if (Filled(Text(item)) is { } text)
            {
                texts.Add(text);
            }
        }

        return NonEmpty(texts);
    }

    private static List<string>? NonEmpty(List<string> texts) => texts.Count == 0 ? null : texts;

    private static string? Filled(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static ReadOnlySpan<byte> WithoutByteOrderMark(ReadOnlySpan<byte> body) => body.StartsWith("\uFEFF"u8) ? body[3..] : body;
}
