using System.Text.Json;

namespace TokenRefresh.Credentials;

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
        var line = cause.LineNumber ?? 0;
        var column = cause.BytePositionInLine ?? 0;
        var what = StandsAtTheEnd(json, line, column) ? "The JSON ends before it is complete" : "The JSON is not valid";
        return new($"{what}, at line {line + 1}, byte {column + 1}.");
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

    private static bool StandsAtTheEnd(ReadOnlySpan<byte> json, long line, long column)
    {
        var offset = 0L;
        for (; line > 0; line--)
        {
            offset += json[(int)offset..].IndexOf((byte)'\n') + 1;
        }

        return offset + column >= json.TrimEnd(" \t\r\n"u8).Length;
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
