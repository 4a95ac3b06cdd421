using System.Text;

namespace TokenRefresh.Tests.Credentials;

/// <summary>JSON as some program wrote it: a text, or an object or array whose entries know the blanks around them.</summary>
public sealed record JsonText(string Text, IReadOnlyList<JsonEntry>? Entries = null)
{
    /// <summary>Writes it as it is.</summary>
    public override string ToString() => Entries is null ? Text : Write([], this);

    /// <summary>Writes an object without the entries of some roles, and with members inserted behind its opening brace.</summary>
    public string ToString(IReadOnlyList<string> inserted, Predicate<JsonEntry> isCut)
    {
        var kept = Entries!.ToList();

        // Those at the beginning go with what is behind them, the others with what is before.
        string? first = null;
        while (kept.Count > 0 && isCut(kept[0]))
        {
            first ??= kept[0].Before;
            kept.RemoveAt(0);
        }

        for (var i = kept.Count - 1; i > 0; i--)
        {
            if (isCut(kept[i]))
            {
                kept[i - 1] = kept[i - 1] with { After = kept[i].After };
                kept.RemoveAt(i);
            }
        }

        if (kept.Count > 0)
        {
            kept[0] = kept[0] with { Before = first ?? kept[0].Before };
        }

        return Write(inserted, this with { Entries = kept });
    }

    private static string Write(IReadOnlyList<string> inserted, JsonText json)
    {
        var text = new StringBuilder().Append(json.Text[0]).AppendJoin(',', inserted);
        var separator = inserted.Count > 0 ? "," : "";
        foreach (var entry in json.Entries!)
        {
            text.Append(separator).Append(entry.Before);
            if (entry.Name is not null)
            {
                text.Append(entry.Name).Append(entry.Colon);
            }

            text.Append(entry.Value).Append(entry.After);
            separator = ",";
        }

        return text.Append(json.Text[^1]).ToString();
    }
}
