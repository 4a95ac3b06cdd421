using System.Text;

namespace TokenRefresh.Stores.Json;

/// <summary>How an object of a document is laid out, so that what is inserted looks like the rest.</summary>
/// <param name="Gap">The white space between a comma and a name: a line break with its indentation, or blanks, or nothing.</param>
/// <param name="Colon">The colon with its white space.</param>
internal readonly record struct JsonStyle(string Gap, string Colon)
{
    /// <summary>The white space of JSON (RFC 8259 section 2).</summary>
    public static ReadOnlySpan<byte> WhiteSpace => " \t\r\n"u8;

    /// <summary>Gets the style of a new document's top level.</summary>
    public static JsonStyle Indented { get; } = new("\n  ", ": ");

    private bool IsIndented => Gap.Contains('\n', StringComparison.Ordinal);

    /// <summary>Reads the style off a member and its neighbours.</summary>
    public static JsonStyle Of(ReadOnlySpan<byte> json, DocumentEdits document, JsonMember member)
    {
        var colon = Encoding.UTF8.GetString(json[member.NameEnd..member.ValueStart]);
        if (document.PreviousValueEnd(member) is not null)
        {
            return new(GapBefore(json, member.NameStart), colon);
        }

        // The blanks after an opening brace say little of those after a comma.
        if (document.NextName(member) is { } next)
        {
            return new(GapBefore(json, next), colon);
        }

        var gap = GapBefore(json, member.NameStart);
        return new(gap.Contains('\n', StringComparison.Ordinal) ? gap : colon.EndsWith(' ') ? " " : "", colon);
    }

    /// <summary>Gets the style of an object that is the value of a top-level member of this style.</summary>
    public JsonStyle Nested()
    {
        var indentation = Gap[(Gap.IndexOf('\n', StringComparison.Ordinal) + 1)..];
        return IsIndented ? this with { Gap = Gap + indentation } : this;
    }

    /// <summary>Renders members as they stand between commas.</summary>
    public string Members(IEnumerable<(string Name, string Value)> members)
    {
        var colon = Colon;
        return string.Join("," + Gap, members.Select(member => JsonText.Quote(member.Name) + colon + member.Value));
    }

    /// <summary>Renders what stands between the braces of an object whose own members have this style.</summary>
    /// <param name="outer">The style of the object around it; <see langword="null"/> for the top level.</param>
    /// <param name="members">The members.</param>
    public string Interior(JsonStyle? outer, IEnumerable<(string Name, string Value)> members)
    {
        var (opening, closing) = IsIndented ? (Gap, outer?.Gap ?? LineBreak) : ("", "");
        return opening + Members(members) + closing;
    }

    /// <summary>Renders an array of strings; a stored one with line breaks is taken as the model, any other fits on a line.</summary>
    public string Array(ReadOnlySpan<byte> stored, IReadOnlyList<string> items)
    {
        var inner = stored.IsEmpty ? [] : stored[1..^1];
        var opening = Encoding.UTF8.GetString(inner[..^inner.TrimStart(WhiteSpace).Length]);
        var closing = Encoding.UTF8.GetString(inner[inner.TrimEnd(WhiteSpace).Length..]);
        var model = items.Count > 0 && opening.Contains('\n', StringComparison.Ordinal) && closing.Contains('\n', StringComparison.Ordinal);
        var separator = model ? "," + opening : Colon.EndsWith(' ') ? ", " : ",";
        var content = string.Join(separator, items.Select(JsonText.Quote));
        return model ? $"[{opening}{content}{closing}]" : $"[{content}]";
    }

    private string LineBreak => Gap[..(Gap.IndexOf('\n', StringComparison.Ordinal) + 1)];

    private static string GapBefore(ReadOnlySpan<byte> json, int nameStart)
    {
        var gap = Encoding.UTF8.GetString(json[json[..nameStart].TrimEnd(WhiteSpace).Length..nameStart]);

        // Blank lines between members are not repeated.
        var line = gap.LastIndexOf('\n');
        return line < 0 ? gap : gap[(line > 0 && gap[line - 1] == '\r' ? line - 1 : line)..];
    }
}
