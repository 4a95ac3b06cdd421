using System.Text;

namespace TokenRefresh.TokenEndpoint;

/// <summary>Takes secrets, and whatever a terminal or a log could stumble over, out of texts that a server or a foreign handler wrote.</summary>
internal sealed class SecretRedactor
{
    internal const int ErrorLength = 100;
    internal const int DescriptionLength = 300;

    private const string Mask = "***";

    /// <summary>Parts of a secret longer than 8 characters are secrets too.</summary>
    private const int Part = 9;

    private readonly string[] _secrets;

    internal SecretRedactor(params ReadOnlySpan<string?> secrets)
    {
        var all = new List<string>();
        foreach (string? secret in secrets)
        {
            if (string.IsNullOrEmpty(secret))
            {
                continue;
            }

            all.Add(secret);
            string encoded = TokenRequestBody.FormEncode(secret);
            if (encoded != secret)
            {
                all.Add(encoded);
            }
        }

        _secrets = [.. all];
    }

    /// <summary>Returns printable text of at most <paramref name="maxLength"/> characters without any secret; <see langword="null"/> for nothing.</summary>
    internal string? Clean(string? text, int maxLength)
    {
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        // Masking shortens, so more is looked at than is kept; the rest of a huge text is never scanned.
        string shown = Printable(text.AsSpan(0, Math.Min(text.Length, maxLength * 4)));
        foreach (string secret in _secrets)
        {
            shown = RemoveParts(shown, secret);
        }

        shown = shown.Trim();
        return shown.Length == 0 ? null : shown.Length <= maxLength ? shown : shown[..maxLength];
    }

    /// <summary>Returns the exception, or one without its texts if these repeat a secret.</summary>
    internal Exception Clean(Exception exception)
    {
        string text = exception.ToString();
        return Array.Exists(_secrets, secret => RemoveParts(text, secret) != text)
            ? new HttpRequestException($"'{exception.GetType().Name}' while asking the token endpoint; its text repeats a secret and is withheld.")
            : exception;
    }

    private static string Printable(ReadOnlySpan<char> text)
    {
        var shown = new StringBuilder(text.Length);
        foreach (char c in text)
        {
            shown.Append(c is >= ' ' and <= '~' || char.IsLetter(c) ? c : ' ');
        }

        return shown.ToString();
    }

    private static string RemoveParts(string text, string secret)
    {
        if (secret.Length < Part)
        {
            return text.Replace(secret, Mask, StringComparison.Ordinal);
        }

        if (text.Length < Part)
        {
            return text;
        }

        var parts = new HashSet<string>(StringComparer.Ordinal);
        for (int i = 0; i + Part <= secret.Length; i++)
        {
            parts.Add(secret.Substring(i, Part));
        }

        var kept = new StringBuilder(text.Length);
        int secretUntil = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (i + Part <= text.Length && parts.Contains(text.Substring(i, Part)))
            {
                if (i >= secretUntil)
                {
                    kept.Append(Mask);
                }

                secretUntil = i + Part;
            }

            if (i >= secretUntil)
            {
                kept.Append(text[i]);
            }
        }

        return kept.ToString();
    }
}
