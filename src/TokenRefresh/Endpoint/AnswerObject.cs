using System.Buffers;
using System.Text;
using System.Text.Json;

namespace TokenRefresh.Endpoint;

/// <summary>The texts of one JSON object, or of a form; what is empty counts as absent. Holds secrets.</summary>
/// <remarks>
/// Names are compared without case, underscores and hyphens: <c>access_token</c>, <c>accessToken</c> and <c>AccessToken</c> are one. The
/// texts in an array, and in those inside it, are joined by blanks, under its name and brackets: <c>scopes[]</c>. What is read takes time
/// and memory in proportion to the body, whatever stands there: it is read while the lock is held.
/// </remarks>
internal sealed class AnswerObject
{
    private const string Items = "[]";

    // A text in an answer may be an answer again; each level is an envelope.
    private const int Deepest = 4;

    // No name that is looked for is as long.
    private const int LongestName = 100;

    // Each costs an exception.
    private const int MostBrokenTexts = 256;

    private static readonly SearchValues<byte> FormNameBytes =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.[]%+"u8);

    private static readonly JsonReaderOptions Lenient =
        new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip, MaxDepth = 256 };

    private readonly AnswerObject _root;
    private readonly List<AnswerObject> _all;
    private readonly TokenRequest _known;
    private readonly int _depth;
    private readonly Dictionary<string, List<string>> _texts = new(StringComparer.Ordinal);
    private int _brokenTexts;

    private AnswerObject(TokenRequest known)
    {
        _root = this;
        _all = [this];
        _known = known;
        Name = "";
    }

    private AnswerObject(string name, AnswerObject parent, int depth)
    {
        _root = parent._root;
        _all = parent._all;
        _known = parent._known;
        _depth = depth;
        Name = name;
        Parent = parent;
        _all.Add(this);
    }

    internal string Name { get; }

    internal AnswerObject? Parent { get; }

    /// <summary>
    /// Gets whether this is the outermost object of a body that was read to its closing brace. What stands behind that does not matter.
    /// </summary>
    internal bool IsJson { get; private set; }

    /// <summary>Gets whether this is the outermost object of a body that was read to its end, as JSON or as a form.</summary>
    internal bool IsComplete { get; private set; }

    internal string? this[string name] => ItemsOf(name) switch
    {
        [] => null,
        [string only] => only,
        var items => string.Join(' ', items),
    };

    /// <summary>
    /// Reads a body: the outermost object, which is there in any case, and behind it those inside. Of two tokens under one name, the one
    /// that is not <paramref name="known"/> stays. Never throws.
    /// </summary>
    internal static List<AnswerObject> ReadAll(LimitedBody body, TokenRequest known)
    {
        var root = new AnswerObject(known);
        ReadOnlySpan<byte> bytes = body.Bytes.Span;
        bytes = bytes.StartsWith("\uFEFF"u8) ? bytes[3..] : bytes;
        while (bytes is [(byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n', ..])
        {
            bytes = bytes[1..];
        }

        if (IsForm(bytes))
        {
            root.ReadForm(Encoding.UTF8.GetString(bytes), body.IsWhole);
        }
        else
        {
            // Some servers put a prefix in front, so that no browser runs the answer as a script. What stands in a page is no answer.
            int brace = bytes is [(byte)'{' or (byte)'[' or (byte)'"' or (byte)'<', ..] ? 0 : bytes.IndexOf((byte)'{');
            root.ReadJson(brace < 0 ? bytes : bytes[brace..]);
        }

        return root._all;
    }

    /// <summary>Gets the first of these that is there.</summary>
    internal string? First(params string[] names) => FirstOf(this, this, names);

    /// <summary>Gets the first of these that is there, in one object or else in the other.</summary>
    internal static string? FirstOf(AnswerObject one, AnswerObject other, string[] names)
    {
        string? text = null;
        for (int i = 0; text is null && i < names.Length; i++)
        {
            text = one[names[i]] ?? other[names[i]];
        }

        return text;
    }

    /// <summary>Gets the texts of an array, by its name and brackets.</summary>
    internal IReadOnlyList<string> ItemsOf(string name) =>
        _texts.TryGetValue(name, out List<string>? items) ? items : Array.Empty<string>();

    private void ReadJson(ReadOnlySpan<byte> bytes)
    {
        try
        {
            // {"status":"ok"}{"access_token":"..."}, on lines of their own or not.
            do
            {
                var reader = new Utf8JsonReader(bytes, Lenient);
                using var json = JsonDocument.ParseValue(ref reader);
                JsonElement value = json.RootElement;
                Add(IsComplete ? Items : value.ValueKind == JsonValueKind.String ? "errordescription" : "", value);
                IsJson |= !IsComplete && value.ValueKind == JsonValueKind.Object;
                IsComplete = true;
                bytes = bytes[(int)reader.BytesConsumed..].TrimStart(" \t\r\n"u8);
            }
            while (bytes is [(byte)'{', ..]);
        }
        catch (JsonException)
        {
            // Cut off, deeper than is read, or no JSON at all; or what stands behind it is none.
            _root._brokenTexts++;
        }
    }

    private void Add(string name, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                AnswerObject json = name.Length > 0 ? new AnswerObject(name, this, _depth) : this;
                foreach (JsonProperty member in value.EnumerateObject())
                {
                    json.Add(NameOf(member), member.Value);
                }

                // {"access_token":{"token":"..."}}, also as the items of an array
                if (name is "accesstoken" or "refreshtoken" or "refreshtoken[]")
                {
                    Set(name, json.First("token", "value", name.TrimEnd('[', ']')));
                }

                break;
            case JsonValueKind.Array:
                string list = name.EndsWith(Items, StringComparison.Ordinal) ? name : name + Items;
                foreach (JsonElement item in value.EnumerateArray())
                {
                    Add(list, item);
                }

                break;
            default:
                SetAndLookInside(name, TextOf(value));
                break;
        }
    }

    // A string, or a number as it stands; anything else counts as absent.
    private static string? TextOf(JsonElement value)
    {
        try
        {
            return value.ValueKind switch
            {
                JsonValueKind.String => value.GetString(),
                JsonValueKind.Number => value.GetRawText(),
                _ => null,
            };
        }
        catch (InvalidOperationException)
        {
            // Bytes that are no UTF-8, or half a surrogate pair.
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
            return "?";
        }
    }

    private static string Normalize(string name)
    {
        name = name.Replace("_", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal).ToLowerInvariant();
        return name.Length is 0 or > LongestName ? "?" : name;
    }

    // Other servers send a form under any media type, as GitHub does by default.
    private static bool IsForm(ReadOnlySpan<byte> text)
    {
        int equals = text.IndexOf((byte)'=');
        return equals > 0 && text[..equals].IndexOfAnyExcept(FormNameBytes) < 0;
    }

    private void ReadForm(string text, bool isWhole)
    {
        string[] pairs = text.Trim().Split('&');
        var owners = new Dictionary<string, AnswerObject>(StringComparer.Ordinal);
        IsComplete = isWhole;

        // Whether the last value is complete cannot be seen, and half a token is none.
        int count = isWhole ? pairs.Length : pairs.Length - 1;
        for (int i = 0; i < count; i++)
        {
            int equals = pairs[i].IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                continue;
            }

            // "data[access_token]" and "data.access_token" are members of an object; "scopes[]" is a list.
            AnswerObject owner = this;
            string name = Decode(pairs[i][..equals]).Trim();
            int member = name.TrimEnd(']').LastIndexOfAny(['[', '.']);
            if (member > 0 && name.TrimEnd(']').Length > member + 1)
            {
                string of = Normalize(name[..member]);
                if (!owners.TryGetValue(of, out AnswerObject? known))
                {
                    owners.Add(of, known = new AnswerObject(of, this, _depth));
                }

                owner = known;
                name = name.TrimEnd(']')[(member + 1)..];
            }

            // The access token of a form that is cut off is not used either: alone it would hide that the refresh token was rotated.
            name = Normalize(name);
            if (isWhole || name != "accesstoken")
            {
                owner.SetAndLookInside(name, Decode(pairs[i][(equals + 1)..]));
            }
        }
    }

    private static string Decode(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));

    // A gateway may pass the whole answer on as a text: {"body":"{\"access_token\":\"...\"}"}.
    private void SetAndLookInside(string name, string? text)
    {
        Set(name, text);
        if (text is null || _depth == Deepest || !text.Contains("token", StringComparison.OrdinalIgnoreCase))
        {
            return;
        }

        byte[] bytes = Encoding.UTF8.GetBytes(text.Trim());
        int count = _all.Count;
        var inside = new AnswerObject(name, this, _depth + 1);
        if (bytes is [(byte)'{' or (byte)'[' or (byte)'"', ..])
        {
            if (_root._brokenTexts < MostBrokenTexts)
            {
                inside.ReadJson(bytes);
            }
        }
        else if (IsForm(bytes))
        {
            inside.ReadForm(text, isWhole: true);
        }

        if (_all.Count == count + 1 && inside._texts.Count == 0)
        {
            _all.RemoveAt(count);
        }
    }

    private void Set(string name, string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return;
        }

        if (!_texts.TryGetValue(name, out List<string>? items))
        {
            _texts.Add(name, items = []);
        }

        if (items.Count == 0 || name.EndsWith(Items, StringComparison.Ordinal))
        {
            items.Add(text);
        }
        else if (!IsKnown(name, text))
        {
            items[0] = text;
        }
    }

    // An echo of the request, or of what was stored.
    private bool IsKnown(string name, string text) =>
        (name == "refreshtoken" && text == _known.RefreshToken) || (name == "accesstoken" && text == _known.StoredAccessToken);
}
