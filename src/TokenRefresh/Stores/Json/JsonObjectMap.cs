using System.Text.Json;

namespace TokenRefresh.Stores.Json;

/// <summary>Where an object of the document and those of its members that matter stand.</summary>
internal sealed class JsonObjectMap
{
    /// <summary>Depth is of no concern: what is nested is skipped without recursion.</summary>
    public static readonly JsonReaderOptions AnyDepth = new() { MaxDepth = int.MaxValue };

    private readonly List<JsonMember> _known = [];

    private JsonObjectMap(int start) => Start = start;

    /// <summary>Gets the offset of the opening brace.</summary>
    public int Start { get; }

    /// <summary>Gets the offset of the closing brace.</summary>
    public int End { get; private set; }

    /// <summary>Gets the last member, known or not; <see langword="null"/> in an empty object.</summary>
    public JsonMember? Last { get; private set; }

    /// <summary>Gets the members with a meaning in the order of the document, duplicates included.</summary>
    public IReadOnlyList<JsonMember> Known => _known;

    /// <summary>Gets the section's object, if the last member of that name is an object.</summary>
    public JsonObjectMap? Section { get; private set; }

    /// <summary>Finds the member that counts: of duplicates the last one, as nearly all JSON readers have it.</summary>
    public JsonMember? Find(LoginMember role)
    {
        for (var i = _known.Count - 1; i >= 0; i--)
        {
            if (_known[i].Role == role)
            {
                return _known[i];
            }
        }

        return null;
    }

    /// <summary>Maps a whole document in one pass.</summary>
    /// <exception cref="CredentialsDocumentException">The document is not valid JSON, or its top level is no object.</exception>
    public static JsonObjectMap Read(ReadOnlySpan<byte> json, LoginMemberNames top, LoginMemberNames section)
    {
        var reader = new Utf8JsonReader(json, AnyDepth);
        try
        {
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                var (offset, kind) = ((int)reader.TokenStartIndex, reader.TokenType);
                reader.Skip();
                reader.Read();
                throw CredentialsDocumentException.NoObject(json, "The top level of the JSON", offset, kind);
            }

            var map = ReadObject(ref reader, top, section);

            // One more read refuses whatever follows the object.
            reader.Read();
            return map;
        }
        catch (JsonException e)
        {
            throw CredentialsDocumentException.InvalidJson(json, e);
        }
    }

    private static JsonObjectMap ReadObject(ref Utf8JsonReader reader, LoginMemberNames names, LoginMemberNames? section)
    {
        var map = new JsonObjectMap((int)reader.TokenStartIndex);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var role = names.Find(ref reader);
            var nameStart = (int)reader.TokenStartIndex;
            var nameEnd = nameStart + reader.ValueSpan.Length + 2;

            reader.Read();
            var valueStart = (int)reader.TokenStartIndex;
            var kind = reader.TokenType;
            if (role == LoginMember.Section && section is not null)
            {
                map.Section = kind == JsonTokenType.StartObject ? ReadObject(ref reader, section, section: null) : null;
            }

            reader.Skip();
            var member = new JsonMember(role, nameStart, nameEnd, valueStart, (int)reader.BytesConsumed, kind);
            map.Last = member;
            if (role != LoginMember.Unknown)
            {
                map._known.Add(member);
            }
        }

        map.End = (int)reader.TokenStartIndex;
        return map;
    }
}
