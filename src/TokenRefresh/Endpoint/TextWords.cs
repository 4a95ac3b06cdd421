namespace TokenRefresh.Endpoint;

/// <summary>The words of a text or code, in lower case. The end of a sentence, a colon and a dash are words too.</summary>
/// <remarks>
/// Split at all that is no letter and where a capital follows a small letter. <c>refresh_token</c> and <c>refreshToken</c>, names that can
/// be no verb, are the one word <c>refreshtoken</c>.
/// </remarks>
internal sealed class TextWords
{
    internal const string Stop = ".";
    internal const string Colon = ":";

    private readonly List<string> _words = [];

    internal TextWords(string text)
    {
        text = text.Replace("refresh_token", " refreshtoken", StringComparison.OrdinalIgnoreCase)
            .Replace("refreshToken", " refreshtoken", StringComparison.OrdinalIgnoreCase);
        int start = -1;
        for (int i = 0; i <= text.Length; i++)
        {
            char c = i < text.Length ? text[i] : ' ';
            bool isLetter = char.IsAsciiLetter(c);
            bool isHump = isLetter && start >= 0 && char.IsAsciiLetterUpper(c) && char.IsAsciiLetterLower(text[i - 1]);
            if (start >= 0 && (!isLetter || isHump))
            {
                _words.Add(text[start..i].ToLowerInvariant());
                start = -1;
            }

            if (isLetter && start < 0)
            {
                start = i;
            }

            bool isLast = i + 1 >= text.Length || text[i + 1] == ' ';
            if (c == ';' || (c is '.' or '!' or '?' && isLast))
            {
                _words.Add(Stop);
            }
            else if (c == ':' || (c == '-' && isLast && i > 0 && text[i - 1] == ' '))
            {
                _words.Add(Colon);
            }
        }
    }

    internal int Count => _words.Count;

    /// <summary>Gets a word; an empty one in front of the first and behind the last.</summary>
    internal string this[int at] => at >= 0 && at < _words.Count ? _words[at] : "";

    /// <summary>Returns where the first word in front of a place stands that is none of those to skip; -1 if there is none.</summary>
    internal int Before(int at, string[] skipped)
    {
        do
        {
            at--;
        }
        while (Array.IndexOf(skipped, this[at]) >= 0);

        return at;
    }

    /// <summary>Tells whether a word stands at one of <paramref name="count"/> places from <paramref name="start"/> on.</summary>
    internal bool Has(string word, int start = 0, int count = int.MaxValue) =>
        start < Count && _words.IndexOf(word, start, Math.Min(count, Count - start)) >= 0;

    /// <summary>Tells whether one word stands right behind another.</summary>
    internal bool Has(string first, string second)
    {
        for (int i = 1; i < Count; i++)
        {
            if (_words[i] == second && _words[i - 1] == first)
            {
                return true;
            }
        }

        return false;
    }
}
