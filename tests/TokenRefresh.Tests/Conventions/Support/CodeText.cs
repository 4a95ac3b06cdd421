using System.Text;

namespace TokenRefresh.Tests.Conventions;

/// <summary>Blanks out what is not code, so that a word in a comment or a message is not taken for a reference.</summary>
internal static class CodeText
{
    /// <summary>Replaces comments and literals by blanks; line breaks stay, so that line numbers still hold.</summary>
    public static string Of(string source)
    {
        var code = new StringBuilder(source.Length);
        for (var i = 0; i < source.Length;)
        {
            var end = EndOfNonCode(source, i);
            if (end == i)
            {
                code.Append(source[i++]);
                continue;
            }

            for (; i < end; i++)
            {
                code.Append(source[i] is '\n' ? '\n' : ' ');
            }
        }

        return code.ToString();
    }

    private static int EndOfNonCode(string source, int start)
    {
        var rest = source.AsSpan(start);
        if (rest.StartsWith("//", StringComparison.Ordinal))
        {
            return EndAfter(source, "\n", start, includeMark: false);
        }

        if (rest.StartsWith("/*", StringComparison.Ordinal))
        {
            return EndAfter(source, "*/", start + 2, includeMark: true);
        }

        if (rest[0] == '\'')
        {
            return EndOfQuoted(source, start, '\'', verbatim: false);
        }

        var prefix = rest.IndexOfAnyExcept('$', '@');
        if (prefix < 0 || rest[prefix] != '"')
        {
            return start;
        }

        var quotes = rest[prefix..].IndexOfAnyExcept('"') is var n && n < 0 ? rest.Length - prefix : n;
        return quotes >= 3
            ? EndAfter(source, new string('"', quotes), start + prefix + quotes, includeMark: true)
            : EndOfQuoted(source, start + prefix, '"', verbatim: rest[..prefix].Contains('@'));
    }

    private static int EndOfQuoted(string source, int quote, char mark, bool verbatim)
    {
        for (var i = quote + 1; i < source.Length; i++)
        {
            if (source[i] == '\\' && !verbatim)
            {
                i++;
            }
            else if (source[i] == mark)
            {
                if (!verbatim || i + 1 >= source.Length || source[i + 1] != mark)
                {
                    return i + 1;
                }

                i++;
            }
        }

        return source.Length;
    }

    private static int EndAfter(string source, string mark, int from, bool includeMark)
    {
        var at = source.IndexOf(mark, from, StringComparison.Ordinal);
        return at < 0 ? source.Length : includeMark ? at + mark.Length : at;
    }
}
