using System.Text;

namespace TokenRefresh.Endpoint;

/// <summary>
/// Takes secrets, and whatever a terminal or a log could stumble over, out of texts that a server or a foreign handler wrote.
/// </summary>
/// <remarks>The work grows with the length of the text, and with that of the secrets, but not with the product of both.</remarks>
internal sealed class SecretRedactor
{
    internal const int ErrorLength = 100;
    internal const int DescriptionLength = 300;
    internal const int BodyLength = 4096;

    private readonly SecretParts _parts = new();

    /// <param name="configured">The secrets of the settings.</param>
    /// <param name="tokens">The tokens at hand.</param>
    internal SecretRedactor(IReadOnlyList<string> configured, params ReadOnlySpan<string?> tokens)
    {
        foreach (string secret in configured)
        {
            _parts.Add(secret);
        }

        foreach (string? token in tokens)
        {
            _parts.Add(token);
        }
    }

    /// <summary>
    /// Returns printable text of at most <paramref name="maxLength"/> characters without any secret; <see langword="null"/> for nothing.
    /// </summary>
    internal string? Clean(string? text, int maxLength)
    {
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        // Masking shortens, so more is looked at than is kept; the rest of a huge text is never scanned.
        string shown = Mask(Printable(text.AsSpan(0, Math.Min(text.Length, maxLength * 4)))).Trim();
        return shown.Length == 0 ? null : shown.Length <= maxLength ? shown : shown[..maxLength];
    }

    /// <summary>Returns the exception, or one without its texts if these repeat a secret.</summary>
    internal Exception Clean(Exception exception)
    {
        // Messages only: a stack trace holds no data, and a short secret may well be a word in it.
        for (Exception? cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (_parts.AreIn(cause.Message))
            {
                return new HttpRequestException(
                    $"'{exception.GetType().Name}' while asking the token endpoint; its text repeats a secret and is withheld.");
            }
        }

        return exception;
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

    private string Mask(string text)
    {
        bool[] hidden = _parts.Find(text);
        var shown = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (!hidden[i])
            {
                shown.Append(text[i]);
            }
            else if (i == 0 || !hidden[i - 1])
            {
                shown.Append("***");
            }
        }

        return shown.ToString();
    }
}
