using System.Buffers;
using System.Text;
using System.Text.Json;

namespace TokenRefresh.Endpoint;

/// <summary>The texts of one JSON object, or of a form; what is empty counts as absent. Holds secrets.</summary>
/// <remarks>
/// Names are compared without case, underscores and hyphens: <c>access_token</c>, <c>accessToken</c> and <c>AccessToken</c> are one. The
/// texts in an array are joined by blanks, under its name and brackets: <c>scopes[]</c>.
/// </remarks>
internal sealed class AnswerObject
{
    internal static readonly JsonReaderOptions Lenient = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };

    private const string Items = "[]";

    // A text in an answer may be an answer again; each level is an envelope.
    private const int Deepest = 4;

    private static readonly SearchValues<byte> NameBytes =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.[]%+"u8);

    private readonly int _depth;
    private readonly Dictionary<string, string> _texts = new(StringComparer.Ordinal);

    private AnswerObject(string name, int depth = 0)
    {
        Name = name;
        _depth = depth;
    }

    internal string Name { get; }

    /// <summary>
    /// Gets whether this is the outermost object of a body that was read to its closing brace. Bytes behind that are ignored.
    /// </summary>
    internal bool IsJson { get; private set; }

    /// <summary>Gets whether this is the outermost object of a body that was read to its end, as JSON or as a form.</summary>
    internal bool IsComplete { get; private set; }

    internal string? this[string name] => _texts.GetValueOrDefault(name);

    /// <summary>Reads a body: the outermost object, which is there in any case, and behind it those inside. Never throws.</summary>
    internal static List<AnswerObject> ReadAll(LimitedBody body)
    {
        List<AnswerObject> all = [new AnswerObject("")];
        ReadOnlySpan<byte> bytes = body.Bytes.Span;
        bytes = (bytes.StartsWith("\uFEFF"u8) ? bytes[3..] : bytes).TrimStart(" \t\r\n"u8);
        if (IsForm(bytes))
        {
            all[0].ReadForm(all, Encoding.UTF8.GetString(bytes), body.IsWhole);
        }
        else
        {
            // Some servers put a prefix in front, so that no browser runs the answer as a script. What stands in a page is no answer.
            int brace = bytes is [(byte)'{' or (byte)'[' or (byte)'"' or (byte)'<', ..] ? 0 : bytes.IndexOf((byte)'{');
            all[0].ReadJson(all, brace < 0 ? bytes : bytes[brace..]);
        }

        return all;
    }

    // Other servers send a form under any media type, as GitHub does by default.
    private static bool IsForm(ReadOnlySpan<byte> text)
    {
        int equals = text.IndexOf((byte)'=');
        return equals > 0 && text[..equals].IndexOfAnyExcept(NameBytes) < 0;
    }

    private void ReadJson(List<AnswerObject> all, ReadOnlySpan<byte> bytes)
    {
        try
        {
            var reader = new Utf8JsonReader(bytes, Lenient);
            if (JsonDocument.TryParseValue(ref reader, out JsonDocument? json))
            {
                using (json)
                {
                    IsComplete = true;
                    IsJson = json.RootElement.ValueKind == JsonValueKind.Object;
                    Add(all, json.RootElement.ValueKind == JsonValueKind.String ? "errordescription" : "", json.RootElement);
                }
            }
        }
        catch (JsonException)
        {
            // Cut off, deeper than JsonDocument reads, or no JSON at all.
        }
    }

    private void ReadForm(List<AnswerObject> all, string text, bool isWhole)
    {
        string[] pairs = text.Trim().Split('&');
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
                if ((all.Find(o => o.Name == of) ?? this) is var known && known == this)
                {
                    all.Add(known = new AnswerObject(of, _depth));
                }

                owner = known;
                name = name.TrimEnd(']')[(member + 1)..];
            }

            // The access token of a form that is cut off is not used either: alone it would hide that the refresh token was rotated.
            name = Normalize(name);
            if (isWhole || name != "accesstoken")
            {
                owner.SetAndLookInside(all, name, Decode(pairs[i][(equals + 1)..]));
            }
        }
    }

    private static string Decode(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));

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
        return name.Length == 0 ? "?" : name;
    }

    private void Add(List<AnswerObject> all, string name, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                AnswerObject json = this;
                if (name.Length > 0)
                {
                    json = new AnswerObject(name, _depth);
                    all.Add(json);
                }

                foreach (JsonProperty member in value.EnumerateObject())
                {
                    json.Add(all, NameOf(member), member.Value);
                }

                // {"access_token":{"token":"..."}}
                if (name is "accesstoken" or "refreshtoken")
                {
                    Set(name, json["token"] ?? json["value"]);
                }

                break;
            case JsonValueKind.Array:
                foreach (JsonElement item in value.EnumerateArray())
                {
                    Add(all, name + Items, item);
                }

                break;
            default:
                SetAndLookInside(all, name, Text(value));
                break;
        }
    }

    // A gateway may pass the whole answer on as a text: {"body":"{\"access_token\":\"...\"}"}.
    private void SetAndLookInside(List<AnswerObject> all, string name, string? text)
    {
        Set(name, text);
        if (text is null || _depth == Deepest || !text.Contains("token", StringComparison.OrdinalIgnoreCase))
        {
            return;
        }

        byte[] bytes = Encoding.UTF8.GetBytes(text.Trim());
        var inside = new AnswerObject(name, _depth + 1);
        all.Add(inside);
        if (bytes is [(byte)'{' or (byte)'[' or (byte)'"', ..])
        {
            inside.ReadJson(all, bytes);
        }
        else if (IsForm(bytes))
        {
            inside.ReadForm(all, text, isWhole: true);
        }
    }

    private void Set(string name, string? text)
    {
        if (!string.IsNullOrEmpty(text))
        {
            bool isItem = name.EndsWith(Items, StringComparison.Ordinal);
            _texts[name] = isItem && this[name] is { } former ? $"{former} {text}" : text;
        }
    }
}
