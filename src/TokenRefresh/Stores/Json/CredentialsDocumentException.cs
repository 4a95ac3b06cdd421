using System.Text.Json;
using System.Text.Unicode;

namespace TokenRefresh.Stores.Json;

/// <summary>A credentials document cannot be read as a login. The message names member, line and byte, never a value.</summary>
/// <remarks>No inner exception: the messages of the JSON reader quote what they stumbled over, which may be a piece of a token.</remarks>
internal sealed class CredentialsDocumentException : FormatException
{
    private CredentialsDocumentException(string message, bool isJson)
        : base(message) => IsJson = isJson;

    /// <summary>Gets whether the bytes are valid JSON, if not a login: then they are another program's and never moved aside.</summary>
    internal bool IsJson { get; }

    internal static CredentialsDocumentException InvalidJson(ReadOnlySpan<byte> json, JsonException cause)
    {
        if (IsUtf16(json) || IsUtf32(json))
        {
            return new(
                IsUtf32(json)
                    ? "It holds UTF-32 text and not UTF-8. Save it as UTF-8."
                    : "It holds UTF-16 text, as '>' of Windows PowerShell writes it, and not UTF-8. Save it as UTF-8.",
                isJson: false);
        }

        const string Crash = "as a crash or a power cut leaves them where bytes had not reached the disk";
        if (json.IndexOfAnyExcept((byte)0) < 0)
        {
            return new($"It holds {json.Length} NUL bytes and nothing else, {Crash}.", isJson: false);
        }

        string what = IsCutShort(json) ? "The JSON ends before it is complete" : "The JSON is not valid";
        string where = $"at line {(cause.LineNumber ?? 0) + 1}, byte {(cause.BytePositionInLine ?? 0) + 1}";
        string why = json.Contains((byte)0) ? $" There are NUL bytes in it, {Crash}."
            : Utf8.IsValid(json) ? "" : " There are bytes in it that are no UTF-8 text.";
        return new($"{what}, {where}.{why}", isJson: false);
    }

    internal static CredentialsDocumentException NoObject(ReadOnlySpan<byte> json, string subject, int offset, JsonTokenType kind) =>
        new($"{subject} is {Describe(kind)}, not an object, {Position(json, offset)}.", isJson: true);

    internal static CredentialsDocumentException WrongMember(ReadOnlySpan<byte> json, string name, JsonMember member, string expected) =>
        new($"The member '{name}' is {Describe(member.Kind)}, not {expected}, {Position(json, member.ValueStart)}.", isJson: true);

    internal static CredentialsDocumentException WrongKey(ReadOnlySpan<byte> json, string name, JsonMember member, string why) =>
        new($"The member '{name}' cannot be used as a key, {Position(json, member.ValueStart)}: {why}", isJson: true);

    internal static CredentialsDocumentException NoUnicodeText(ReadOnlySpan<byte> json, string name, JsonMember member) =>
        new($"The member '{name}' holds bytes or escapes that are no Unicode text, {Position(json, member.ValueStart)}.", isJson: true);

    private static string Position(ReadOnlySpan<byte> json, int offset)
    {
        ReadOnlySpan<byte> before = json[..offset];
        return $"at line {before.Count((byte)'\n') + 1}, byte {offset - before.LastIndexOf((byte)'\n')}";
    }

    /// <summary>Tells UTF-16 by its byte order mark, or by NUL bytes beside the first two characters, which in JSON are ASCII.</summary>
    private static bool IsUtf16(ReadOnlySpan<byte> json) =>
        json is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..] or [> 0, 0, > 0, 0, ..] or [0, > 0, 0, > 0, ..];

    private static bool IsUtf32(ReadOnlySpan<byte> json) =>
        json is [0xFF, 0xFE, 0, 0, ..] or [0, 0, 0xFE, 0xFF, ..] or [> 0, 0, 0, 0, > 0, 0, 0, 0, ..] or [0, 0, 0, > 0, 0, 0, 0, > 0, ..];

    /// <summary>Tells whether what is there is right as far as it goes: a half-written file, most likely.</summary>
    private static bool IsCutShort(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, isFinalBlock: false, new JsonReaderState(JsonSpans.AnyDepth));
        try
        {
            while (reader.Read())
            {
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static string Describe(JsonTokenType kind) => kind switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "an array",
        JsonTokenType.String => "a string",
        JsonTokenType.Number => "a number",
        JsonTokenType.Null => "null",
        _ => "a boolean",
    };
}
