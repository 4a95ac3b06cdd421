using System.Text;

namespace TokenRefresh.Stores.Json;

/// <summary>Collects changes at byte offsets of a document; every byte outside them survives.</summary>
internal sealed class DocumentEdits(ReadOnlyMemory<byte> json)
{
    private readonly List<(int Start, int End, byte[] Text)> _edits = [];

    public void Replace(int start, int end, string text) => _edits.Add((start, end, Encoding.UTF8.GetBytes(text)));

    public void Insert(int at, string text) => Replace(at, at, text);

    /// <summary>Cuts members out, each with one comma. If none is left, the object becomes <c>{}</c>.</summary>
    public void Remove(JsonObjectMap owner, IReadOnlyList<JsonMember> members)
    {
        for (var first = 0; first < members.Count;)
        {
            // Neighbours go in one cut: each alone would leave or take the comma between them.
            var last = first;
            while (last + 1 < members.Count && NextName(members[last]) == members[last + 1].NameStart)
            {
                last++;
            }

            var run = (From: PreviousValueEnd(members[first]), To: NextName(members[last]));
            switch (run)
            {
                case (null, null):
                    Replace(owner.Start + 1, owner.End, "");
                    break;
                case (null, { } next):
                    Replace(members[first].NameStart, next, "");
                    break;
                case ({ } previous, _):
                    Replace(previous, members[last].ValueEnd, "");
                    break;
            }

            first = last + 1;
        }
    }

    /// <summary>Gets where the value before <paramref name="member"/> ends; <see langword="null"/> if it is the first.</summary>
    public int? PreviousValueEnd(JsonMember member)
    {
        var before = json.Span[..member.NameStart].TrimEnd(JsonStyle.WhiteSpace);
        return before[^1] == (byte)',' ? before[..^1].TrimEnd(JsonStyle.WhiteSpace).Length : null;
    }

    /// <summary>Gets where the name after <paramref name="member"/> starts; <see langword="null"/> if it is the last.</summary>
    public int? NextName(JsonMember member)
    {
        var after = json.Span[member.ValueEnd..].TrimStart(JsonStyle.WhiteSpace);
        return after[0] == (byte)',' ? json.Length - after[1..].TrimStart(JsonStyle.WhiteSpace).Length : null;
    }

    /// <summary>Makes the changed bytes.</summary>
    public byte[] Apply(ReadOnlySpan<byte> prefix)
    {
        // An insertion may stand where a cut begins; it comes first.
        var edits = _edits.OrderBy(edit => edit.Start).ThenBy(edit => edit.End).ToList();
        var result = new byte[prefix.Length + json.Length + edits.Sum(edit => edit.Text.Length - (edit.End - edit.Start))];
        prefix.CopyTo(result);
        var (from, to) = (0, prefix.Length);
        foreach (var (start, end, text) in edits)
        {
            Copy(json.Span[from..start]);
            Copy(text);
            from = end;
        }

        Copy(json.Span[from..]);
        return result;

        void Copy(ReadOnlySpan<byte> bytes)
        {
            bytes.CopyTo(result.AsSpan(to));
            to += bytes.Length;
        }
    }
}
