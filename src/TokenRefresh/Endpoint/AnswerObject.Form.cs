using System.Buffers;

namespace TokenRefresh.Endpoint;

/// <content>Reads a form.</content>
internal sealed partial class AnswerObject
{
    private static readonly SearchValues<byte> NameBytes =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.[]%+"u8);

    // Other servers send a form under any media type, as GitHub does by default.
    private static bool IsForm(ReadOnlySpan<byte> text)
    {
        int equals = text.IndexOf((byte)'=');
        return equals > 0 && text[..equals].IndexOfAnyExcept(NameBytes) < 0;
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
                    owners.Add(of, known = new AnswerObject(_reading, of, this, _depth));
                    _reading.All.Add(known);
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
}
