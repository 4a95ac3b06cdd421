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
    private readonly Dictionary<string, string> _texts = new(StringComparer.Ordinal);

    private AnswerObject(string name) => Name = name;

    internal string Name { get; }

    /// <summary>
    /// Gets whether this is the outermost object of a body that was read to its closing brace. Bytes behind that are ignored.
    /// </summary>
    internal bool IsJson { get; private set; }

    internal string? this[string name] => _texts.GetValueOrDefault(name);

    /// <summary>Reads a body: the outermost object, which is there in any case, and behind it those inside. Never throws.</summary>
    internal static List<AnswerObject> ReadAll(LimitedBody body)
    {
        List<AnswerObject> all = [new AnswerObject("")];
        ReadOnlySpan<byte> bytes = body.Bytes.Span;
        bytes = (bytes.StartsWith("\uFEFF"u8) ? bytes[3..] : bytes).TrimStart(" \t\r\n"u8);
        if (IsForm(bytes))
        {
            ReadForm(all[0], Encoding.UTF8.GetString(bytes), body.IsWhole);
        }
        else
        {
            ReadJson(all, bytes);
        }

        return all;
    }

    private static void ReadJson(List<AnswerObject> all, ReadOnlySpan<byte> bytes)
    {
        try
        {
            var reader = new Utf8JsonReader(bytes, Lenient);
            if (JsonDocument.TryParseValue(ref reader, out JsonDocument? json))
            {
                using (json)
                {
                    all[0].IsJson = json.RootElement.ValueKind == JsonValueKind.Object;
                    all[0].Add(all, json.RootElement.ValueKind == JsonValueKind.String ? "errordescription" : "", json.RootElement);
                }
            }
        }
        catch (JsonException)
        {
            // Cut off, deeper than JsonDocument reads, or no JSON at all.
        }
    }

    private static void ReadForm(AnswerObject form, string text, bool isWhole)
    {
        string[] pairs = text.Trim().Split('&');

        // Whether the last value is complete cannot be seen, and half a token is none.
        int count = isWhole ? pairs.Length : pairs.Length - 1;
        for (int i = 0; i < count; i++)
        {
            // The access token of a form that is cut off is not used either: alone it would hide that the refresh token was rotated.
            int equals = pairs[i].IndexOf('=', StringComparison.Ordinal);
            string name = equals > 0 ? Normalize(Decode(pairs[i][..equals])) : "";
            if (name.Length > 0 && (isWhole || name != "accesstoken"))
            {
                form.Set(name, Decode(pairs[i][(equals + 1)..]));
            }
        }
    }

    // Other servers send a form under any media type, as GitHub does by default.
    private static bool IsForm(ReadOnlySpan<byte> text)
    {
        int equals = text.IndexOf((byte)'=');
        return equals > 0 && text[..equals].IndexOfAnyExceptInRange((byte)'A', (byte)'z') < 0;
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
                    json = new AnswerObject(name);
                    all.Add(json);
                }

                foreach (JsonProperty member in value.EnumerateObject())
                {
                    json.Add(all, NameOf(member), member.Value);
                }

                break;
            case JsonValueKind.Array:
                foreach (JsonElement item in value.EnumerateArray())
                {
                    Add(all, name + Items, item);
                }

                break;
            default:
                Set(name, Text(value));
                break;
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
