using System.Text.Json;

namespace TokenRefresh.Tests.Credentials;

/// <summary>Cuts a login out of a document, in another way than the product: it looks for what is left, not for what goes.</summary>
internal static class LoginCutter
{
    /// <summary>Gets all that is not the login's: each other member with what stands between it and the member before.</summary>
    /// <param name="text">The document.</param>
    /// <param name="format">Its format.</param>
    /// <param name="wholeSection">Whether what is unknown in the section goes too.</param>
    public static string Cut(string text, CredentialsFileFormat format, bool wholeSection)
    {
        var open = text.IndexOf('{', StringComparison.Ordinal);
        if (open < 0)
        {
            return text;
        }

        var close = EndOfValue(text, open);
        var top = text[open..close];
        string?[] login =
        [
            format.AccessTokenMember, format.RefreshTokenMember, format.ExpiresAtMember, format.RefreshTokenExpiresAtMember,
            format.ScopesMember, format.TokenTypeMember, format.AccountIdMember,
        ];
        if (format.Section is null)
        {
            top = Cut(top, login);
        }
        else if (wholeSection)
        {
            top = Cut(top, [format.Section]);
        }
        else if (Members(top).FindLast(member => member.Name == format.Section) is { Name: not null } section)
        {
            top = top[..section.ValueStart] + Cut(top[section.ValueStart..section.End], login) + top[section.End..];
        }

        return text[..open] + top + text[close..];
    }

    /// <summary>Takes away what was inserted plainly behind the opening brace: members with their commas and not a blank more.</summary>
    /// <param name="written">The changed document.</param>
    /// <param name="original">The document as it was.</param>
    /// <param name="format">Its format.</param>
    /// <param name="wholeSection">Whether the section itself was inserted.</param>
    public static string WithoutInserted(string written, string original, CredentialsFileFormat format, bool wholeSection)
    {
        var (from, to) = Owner(original, format, wholeSection);
        var (start, end) = Owner(written, format, wholeSection);
        var known = Members(original[from..to]).ConvertAll(member => member.Name);
        var inserted = Members(written[start..end]).TakeWhile(member => !known.Contains(member.Name)).ToList();
        if (inserted.Count == 0)
        {
            return written;
        }

        var after = start + inserted[^1].End;
        return written[..(start + 1)] + written[(written[after] == ',' ? after + 1 : after)..];
    }

    private static (int Start, int End) Owner(string text, CredentialsFileFormat format, bool wholeSection)
    {
        var open = text.IndexOf('{', StringComparison.Ordinal);
        var close = EndOfValue(text, open);
        if (format.Section is null || wholeSection)
        {
            return (open, close);
        }

        var section = Members(text[open..close]).FindLast(member => member.Name == format.Section);
        return (open + section.ValueStart, open + section.End);
    }

    private static string Cut(string text, string?[] names)
    {
        var members = Members(text);
        var left = "";
        for (var i = 0; i < members.Count; i++)
        {
            if (!names.Contains(members[i].Name))
            {
                var from = left.Length == 0 ? members[i].Start : members[i - 1].End;
                left += text[from..members[i].End];
            }
        }

        return left.Length == 0 ? "{}" : text[..members[0].Start] + left + text[members[^1].End..];
    }

    private static List<(string Name, int Start, int ValueStart, int End)> Members(string text)
    {
        var members = new List<(string Name, int Start, int ValueStart, int End)>();
        for (var at = SkipBlanks(text, 1); text[at] != '}';)
        {
            var nameEnd = EndOfValue(text, at);
            var valueStart = SkipBlanks(text, SkipBlanks(text, nameEnd) + 1);
            var end = EndOfValue(text, valueStart);
            members.Add((Decode(text[at..nameEnd]), at, valueStart, end));
            at = SkipBlanks(text, end);
            at = text[at] == ',' ? SkipBlanks(text, at + 1) : at;
        }

        return members;
    }

    private static string Decode(string quoted) =>
        quoted.Contains("\\ud800", StringComparison.Ordinal) ? quoted : JsonDocument.Parse(quoted).RootElement.GetString()!;

    private static int SkipBlanks(string text, int at)
    {
        while (" \t\r\n".Contains(text[at], StringComparison.Ordinal))
        {
            at++;
        }

        return at;
    }

    private static int EndOfValue(string text, int at)
    {
        for (var depth = 0; ; at++)
        {
            switch (text[at])
            {
                case '"':
                    for (at++; text[at] != '"'; at++)
                    {
                        at += text[at] == '\\' ? 1 : 0;
                    }

                    break;
                case '{' or '[':
                    depth++;
                    break;
                case '}' or ']':
                    depth--;
                    break;
            }

            if (depth == 0
                && (at + 1 == text.Length
                    || text[at] is '"' or '}' or ']'
                    || " \t\r\n,}]".Contains(text[at + 1], StringComparison.Ordinal)))
            {
                return at + 1;
            }
        }
    }
}
