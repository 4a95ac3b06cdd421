using System.Text.Json;

namespace TokenRefresh.Stores.Json;

/// <summary>The bytes of a credentials document cannot be read as a login. The message names member, line and byte, never a value.</summary>
/// <remarks>No inner exception: the messages of the JSON reader quote what they stumbled over, which may be a piece of a token.</remarks>
internal sealed class CredentialsDocumentException : Exception
{
    private CredentialsDocumentException(string message)
        : base(message)
    {
    }

    public static CredentialsDocumentException InvalidJson(ReadOnlySpan<byte> json, JsonException cause)
    {
        var what = IsCutShort(json) ? "The JSON ends before it is complete" : "The JSON is not valid";
        return new($"{what}, at line {(cause.LineNumber ?? 0) + 1}, byte {(cause.BytePositionInLine ?? 0) + 1}.");
    }

    public static CredentialsDocumentException NoObject(ReadOnlySpan<byte> json, string subject, int offset, JsonTokenType kind) =>
        new($"{subject} is {Describe(kind)}, not an object, {Position(json, offset)}.");

    public static CredentialsDocumentException WrongMember(ReadOnlySpan<byte> json, string name, JsonMember member, string expected) =>
        new($"The member '{name}' is {Describe(member.Kind)}, not {expected}, {Position(json, member.ValueStart)}.");

    public static CredentialsDocumentException NoUnicodeText(ReadOnlySpan<byte> json, string name, JsonMember member) =>
        new($"The member '{name}' holds bytes or escapes that are no Unicode text, {Position(json, member.ValueStart)}.");

    private static string Position(ReadOnlySpan<byte> json, int offset)
    {
        var before = json[..offset];
        return $"at line {before.Count((byte)'\n') + 1}, byte {offset - before.LastIndexOf((byte)'\n')}";
    }

    /// <summary>Tells whether what is there is right as far as it goes: a half-written file, most likely.</summary>
    private static bool IsCutShort(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, isFinalBlock: false, new JsonReaderState(JsonObjectMap.AnyDepth));
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
