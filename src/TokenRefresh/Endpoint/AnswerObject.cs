using System.Text;
using System.Text.Json;

namespace TokenRefresh.Endpoint;

/// <summary>The texts of one JSON object, or of a form; what is empty counts as absent. Holds secrets.</summary>
/// <remarks>
/// Names are compared without case, underscores and hyphens: <c>access_token</c>, <c>accessToken</c> and <c>AccessToken</c> are one. The
/// texts in an array, and in those inside it, are joined by blanks, under its name and brackets: <c>scopes[]</c>. What is read takes time
/// and memory in proportion to the body, whatever stands there: it is read while the lock is held.
/// </remarks>
internal sealed partial class AnswerObject
{
    /// <summary>64 Ki characters: an array's texts beyond that are not kept.</summary>
    internal const int LongestList = 64 * 1024;

    private const string Items = "[]";

    // A text in an answer may be an answer again; each level is an envelope.
    private const int Deepest = 4;

    // No name that is looked for is as long.
    private const int LongestName = 100;

    // Each costs an exception.
    private const int MostBrokenTexts = 256;

    private static readonly JsonReaderOptions Lenient =
        new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip, MaxDepth = 256 };

    private readonly Reading _reading;
    private readonly int _depth;
    private readonly Dictionary<string, string> _texts = new(StringComparer.Ordinal);
    private Dictionary<string, TextList>? _lists;

    private AnswerObject(Reading reading, string name, AnswerObject? parent, int depth = 0)
    {
        _reading = reading;
        Name = name;
        Parent = parent;
        _depth = depth;
    }

    internal string Name { get; }

    internal AnswerObject? Parent { get; }

    /// <summary>
    /// Gets whether this is the outermost object of a body that was read to its closing brace. What stands behind that does not matter.
    /// </summary>
    internal bool IsJson { get; private set; }

    /// <summary>Gets whether this is the outermost object of a body that was read to its end, as JSON or as a form.</summary>
    internal bool IsComplete { get; private set; }

    internal string? this[string name] =>
        _texts.GetValueOrDefault(name) ?? (ItemsOf(name) is { Count: > 0 } items ? string.Join(' ', items) : null);

    /// <summary>
    /// Reads a body: the outermost object, which is there in any case, and behind it those inside. Of two tokens under one name, the one
    /// that is not <paramref name="known"/> stays. Never throws.
    /// </summary>
    internal static List<AnswerObject> ReadAll(LimitedBody body, TokenRequest known)
    {
        var reading = new Reading(known);
        List<AnswerObject> all = reading.All;
        all.Add(new AnswerObject(reading, "", parent: null));
        ReadOnlySpan<byte> bytes = body.Bytes.Span;
        bytes = (bytes.StartsWith("\uFEFF"u8) ? bytes[3..] : bytes).TrimStart(" \t\r\n"u8);
        if (IsForm(bytes))
        {
            all[0].ReadForm(Encoding.UTF8.GetString(bytes), body.IsWhole);
        }
        else
        {
            // Some servers put a prefix in front, so that no browser runs the answer as a script. What stands in a page is no answer.
            int brace = bytes is [(byte)'{' or (byte)'[' or (byte)'"' or (byte)'<', ..] ? 0 : bytes.IndexOf((byte)'{');
            all[0].ReadJson(brace < 0 ? bytes : bytes[brace..]);
        }

        return all;
    }

    /// <summary>Gets the texts of an array, by its name and brackets.</summary>
    internal IReadOnlyList<string> ItemsOf(string name) =>
        _lists is not null && _lists.TryGetValue(name, out TextList? list) ? list.Texts : Array.Empty<string>();

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
            _reading.BrokenTexts++;
            if (!IsComplete && _depth == 0)
            {
                ReadCutOff(bytes);
            }
        }
    }

    // The refresh tokens alone: the rest would hide that the answer is not whole.
    private void ReadCutOff(ReadOnlySpan<byte> bytes)
    {
        var reader = new Utf8JsonReader(bytes, isFinalBlock: false, new JsonReaderState(Lenient with { MaxDepth = int.MaxValue }));
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.PropertyName && Normalize(reader.GetString()!) == "refreshtoken"
                    && reader.Read() && reader.TokenType == JsonTokenType.String)
                {
                    var found = new AnswerObject(_reading, "?", this);
                    found.Set("refreshtoken", reader.GetString());
                    _reading.All.Add(found);
                }
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // No JSON from here on.
        }
    }

    // A string, or a number as it stands; anything else counts as absent.
    private static string? Text(JsonElement value)
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

    private void Add(string name, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                AnswerObject json = this;
                if (name.Length > 0)
                {
                    json = new AnswerObject(_reading, name, this, _depth);
                    _reading.All.Add(json);
                }

                foreach (JsonProperty member in value.EnumerateObject())
                {
                    json.Add(NameOf(member), member.Value);
                }

                // {"access_token":{"token":"..."}}, also as the items of an array
                if (name is "accesstoken" or "refreshtoken" or "refreshtoken[]")
                {
                    Set(name, json["token"] ?? json["value"] ?? json[name.TrimEnd('[', ']')]);
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
                SetAndLookInside(name, Text(value));
                break;
        }
    }

    // A gateway may pass the whole answer on as a text: {"body":"{\"access_token\":\"...\"}"}.
    private void SetAndLookInside(string name, string? text)
    {
        Set(name, text);
        if (text is null || _depth == Deepest || !text.Contains("token", StringComparison.OrdinalIgnoreCase))
        {
            return;
        }

        byte[] bytes = Encoding.UTF8.GetBytes(text.Trim());
        var inside = new AnswerObject(_reading, name, this, _depth + 1);
        int count = _reading.All.Count;
        _reading.All.Add(inside);
        if (bytes is [(byte)'{' or (byte)'[' or (byte)'"', ..])
        {
            if (_reading.BrokenTexts < MostBrokenTexts)
            {
                inside.ReadJson(bytes);
            }
        }
        else if (IsForm(bytes))
        {
            inside.ReadForm(text, isWhole: true);
        }

        if (_reading.All.Count == count + 1 && inside._texts.Count == 0 && inside._lists is null)
        {
            _reading.All.RemoveAt(count);
        }
    }

    private void Set(string name, string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return;
        }

        if (name.EndsWith(Items, StringComparison.Ordinal))
        {
            _lists ??= new(StringComparer.Ordinal);
            if (!_lists.TryGetValue(name, out TextList? list))
            {
                _lists.Add(name, list = new TextList());
            }

            // Past the limit by the text that reaches it, so that a list that is not whole can be told.
            if (list.Length <= LongestList)
            {
                list.Texts.Add(text);
                list.Length += text.Length + 1;
            }
        }
        else if (!_texts.ContainsKey(name) || !_reading.IsKnown(name, text))
        {
            _texts[name] = text;
        }
    }

    private sealed class TextList
    {
        internal List<string> Texts { get; } = [];

        internal int Length { get; set; }
    }

    // What one answer is read into.
    private sealed class Reading(TokenRequest known)
    {
        internal List<AnswerObject> All { get; } = [];

        internal int BrokenTexts { get; set; }

        // An echo of the request, or of what was stored.
        internal bool IsKnown(string name, string text) =>
            (name == "refreshtoken" && text == known.RefreshToken) || (name == "accesstoken" && text == known.StoredAccessToken);
    }
}
