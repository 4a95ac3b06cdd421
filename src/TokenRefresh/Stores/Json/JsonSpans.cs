using System.Text.Json;

namespace TokenRefresh.Stores.Json;

/// <summary>Where an object of the document and those of its members that the format names stand.</summary>
internal sealed class JsonSpans(int start, int end, int count, List<JsonMember> members)
{
    /// <summary>The offset of the opening brace.</summary>
    internal readonly int Start = start;

    /// <summary>The offset of the closing brace.</summary>
    internal readonly int End = end;

    /// <summary>How many members there are, named by the format or not.</summary>
    internal readonly int Count = count;

    /// <summary>The members that the format names in the order of the document, duplicates included.</summary>
    internal readonly List<JsonMember> Members = members;

    /// <summary>Gets the options of a reader for which no nesting is too deep: what is nested is skipped without recursion.</summary>
    internal static JsonReaderOptions AnyDepth => new() { MaxDepth = int.MaxValue };

    /// <summary>Finds the object that fills a stretch of the document, but for white space. So many (<paramref name="level"/>) names of the
    /// format's path lead to it; after all of them it is the login.</summary>
    /// <exception cref="JsonException">It is not valid JSON.</exception>
    /// <exception cref="CredentialsDocumentException">It is valid JSON, but no object.</exception>
    internal static JsonSpans Read(ReadOnlySpan<byte> json, int start, int end, CredentialsFileFormat format, int level)
    {
        var reader = new Utf8JsonReader(json[start..end], AnyDepth);
        reader.Read();
        int open = start + (int)reader.TokenStartIndex;
        JsonTokenType kind = reader.TokenType;
        if (kind != JsonTokenType.StartObject)
        {
            reader.Skip();
        }

        // A section may have the name of one of the login's members.
        string?[] names = level == format.Path.Length ? format.Names : [format.Path[level], format.LastRefreshMember];
        int first = level == format.Path.Length ? 0 : (int)CredentialsMember.Section;
        int count = 0;
        int previousEnd = -1;
        JsonMember? previous = null;
        var members = new List<JsonMember>();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            int role = FindName(ref reader, names);
            int nameStart = start + (int)reader.TokenStartIndex;
            if (previous is not null)
            {
                previous.NextStart = nameStart;
                previous = null;
            }

            reader.Read();
            int valueStart = start + (int)reader.TokenStartIndex;
            JsonTokenType valueKind = reader.TokenType;
            reader.Skip();
            int valueEnd = start + (int)reader.BytesConsumed;
            if (role >= 0)
            {
                previous = new JsonMember((CredentialsMember)(first + role), previousEnd, nameStart, valueStart, valueEnd, valueKind);
                members.Add(previous);
            }

            previousEnd = valueEnd;
            count++;
        }

        // One more read refuses whatever follows the object.
        int close = start + (int)reader.TokenStartIndex;
        reader.Read();
        if (kind != JsonTokenType.StartObject)
        {
            throw CredentialsDocumentException.NoObject(json, "The top level of the JSON", open, kind);
        }

        return new(open, close, count, members);
    }

    /// <summary>Finds the member that counts: of duplicates the last one, as nearly all JSON readers have it.</summary>
    internal JsonMember? Find(CredentialsMember role)
    {
        for (int i = Members.Count - 1; i >= 0; i--)
        {
            if (Members[i].Role == role)
            {
                return Members[i];
            }
        }

        return null;
    }

    private static int FindName(ref Utf8JsonReader reader, string?[] names)
    {
        try
        {
            for (var i = 0; i < names.Length; i++)
            {
                if (names[i] is { } name && reader.ValueTextEquals(name))
                {
                    return i;
                }
            }
        }
        catch (InvalidOperationException) when (reader.ValueIsEscaped)
        {
            // An escape such as \ud800 alone is valid JSON but no text, so it is none of the names.
        }

        return -1;
    }
}
