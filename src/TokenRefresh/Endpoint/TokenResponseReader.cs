using System.Globalization;
using System.Text;
using System.Text.Json;

namespace TokenRefresh.Endpoint;

/// <summary>Reads the answers of token endpoints, RFC 6749 section 5 and what servers make of it.</summary>
/// <remarks>Never throws: an answer that is thrown away for a detail may be the only copy of a rotated refresh token.</remarks>
internal static class TokenResponseReader
{
    private static readonly JsonReaderOptions Lenient = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };
    private static readonly TimeSpan LongestLifetime = TimeSpan.FromDays(36525);

    /// <summary>Reads a body. Bytes after the closing brace are ignored.</summary>
    internal static TokenAnswer Read(ReadOnlySpan<byte> body)
    {
        var answer = new TokenAnswer();
        var reader = new Utf8JsonReader(WithoutByteOrderMark(body), Lenient);
        try
        {
            if (!reader.Read())
            {
                return answer;
            }

            if (reader.TokenType == JsonTokenType.StartObject)
            {
                ReadObject(ref reader, answer);
                answer.IsObject = true;
            }
            else if (reader.TokenType == JsonTokenType.String)
            {
                answer.ErrorDescription = Text(ref reader);
            }
        }
        catch (JsonException)
        {
            answer.IsObject = false;
        }

        return answer;
    }

    /// <summary>Finds a complete refresh token in a body that is no readable answer: truncated, wrapped in something else, or without an access token.</summary>
    internal static string? RecoverRefreshToken(ReadOnlySpan<byte> body) => Recover(body, "\"refresh_token\""u8) ?? Recover(body, "\"refreshToken\""u8);

    private static void ReadObject(ref Utf8JsonReader reader, TokenAnswer answer)
    {
        string? code = null;
        string? message = null;
        string? account = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string? name = Text(ref reader);
            reader.Read();
            switch (name)
            {
                case "access_token":
                case "accessToken":
                    answer.AccessToken = Printable(Text(ref reader)) ?? answer.AccessToken;
                    break;
                case "refresh_token":
                case "refreshToken":
                    answer.RefreshToken = Filled(Text(ref reader)) ?? answer.RefreshToken;
                    break;
                case "expires_in":
                case "expiresIn":
                    answer.ExpiresIn = Lifetime(ref reader, out bool negative);
                    answer.HasNegativeLifetime = negative;
                    break;
                case "refresh_token_expires_in":
                case "refreshTokenExpiresIn":
                case "refresh_expires_in":
                case "refreshExpiresIn":
                    answer.RefreshTokenExpiresIn = Lifetime(ref reader, out _);
                    break;
                case "scope":
                case "scopes":
                    answer.Scopes = Scopes(ref reader);
                    break;
                case "token_type":
                case "tokenType":
                    answer.TokenType = AccessToken.SchemeOf(Text(ref reader));
                    break;
                case "account_id":
                case "accountId":
                    answer.AccountId = Filled(Text(ref reader));
                    break;
                case "account" when reader.TokenType == JsonTokenType.StartObject:
                    account = ReadAccount(ref reader);
                    break;
                case "id_token":
                case "idToken":
                    answer.Subject = Jwt.TryReadSubject(Text(ref reader));
                    break;
                case "error" when reader.TokenType == JsonTokenType.StartObject:
                    ReadNestedError(ref reader, answer);
                    break;
                case "error":
                    answer.Error = Filled(Text(ref reader));
                    break;
                case "error_description":
                case "errorDescription":
                    answer.ErrorDescription = Filled(Text(ref reader)) ?? answer.ErrorDescription;
                    break;
                case "code":
                case "error_code":
                case "errorCode":
                    code = Filled(Text(ref reader)) ?? code;
                    break;
                case "message":
                case "detail":
                    message = Filled(Text(ref reader)) ?? message;
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        answer.AccountId ??= account;
        answer.Error ??= code;
        answer.ErrorDescription ??= message;
    }

    // {"account":{"uuid":"...","email_address":"..."}}
    private static string? ReadAccount(ref Utf8JsonReader reader)
    {
        string? uuid = null;
        string? id = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string? name = Text(ref reader);
            reader.Read();
            string? value = Filled(Text(ref reader));
            uuid = name == "uuid" ? value : uuid;
            id = name == "id" ? value : id;
        }

        return uuid ?? id;
    }

    // {"error":{"type":"not_found_error","message":"..."}}; where a code stands beside the type, it is the more exact of the two.
    private static void ReadNestedError(ref Utf8JsonReader reader, TokenAnswer answer)
    {
        string? type = null;
        string? code = null;
        string? number = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string? name = Text(ref reader);
            reader.Read();
            bool isNumber = reader.TokenType == JsonTokenType.Number;
            string? value = Filled(Text(ref reader));
            switch (name)
            {
                case "type":
                case "error":
                case "status":
                    type = value ?? type;
                    break;
                case "code" when isNumber:
                    number = value;
                    break;
                case "code":
                    code = value ?? code;
                    break;
                case "message":
                case "description":
                case "error_description":
                    answer.ErrorDescription = value ?? answer.ErrorDescription;
                    break;
            }
        }

        answer.Error = code ?? type ?? number;
    }

    // A string, or a number as it stands; anything else is skipped and counts as absent.
    private static string? Text(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.String or JsonTokenType.PropertyName:
                try
                {
                    return reader.GetString();
                }
                catch (InvalidOperationException)
                {
                    // Bytes that are no UTF-8, or half a surrogate pair.
                    return null;
                }

            case JsonTokenType.Number:
                return Encoding.ASCII.GetString(reader.ValueSpan);
            case JsonTokenType.StartObject or JsonTokenType.StartArray:
                reader.Skip();
                return null;
            default:
                return null;
        }
    }

    private static TimeSpan? Lifetime(ref Utf8JsonReader reader, out bool negative)
    {
        negative = false;
        if (!double.TryParse(Text(ref reader), NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds) || double.IsNaN(seconds))
        {
            return null;
        }

        negative = seconds < 0;
        return seconds <= 0 ? null : seconds >= LongestLifetime.TotalSeconds ? LongestLifetime : TimeSpan.FromSeconds(seconds);
    }

    private static List<string>? Scopes(ref Utf8JsonReader reader)
    {
        var scopes = new List<string>();
        if (reader.TokenType == JsonTokenType.StartArray)
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (Filled(Text(ref reader)) is { } scope)
                {
                    scopes.Add(scope);
                }
            }
        }
        else if (Text(ref reader) is { } text)
        {
            scopes.AddRange(text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        }

        return scopes.Count == 0 ? null : scopes;
    }

    private static string? Filled(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static string? Printable(string? text) => text is not null && AccessToken.CanBeSent(text) ? text : null;

    private static string? Recover(ReadOnlySpan<byte> body, ReadOnlySpan<byte> name)
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
                if (reader.Read() && reader.TokenType == JsonTokenType.String && Filled(Text(ref reader)) is { } token)
                {
                    return token;
                }
            }
            catch (JsonException)
            {
                continue;
            }
        }

        return null;
    }

    private static ReadOnlySpan<byte> WithoutByteOrderMark(ReadOnlySpan<byte> body) => body.StartsWith("\uFEFF"u8) ? body[3..] : body;
}
