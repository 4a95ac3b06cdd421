using System.Text;

namespace TokenRefresh.Endpoint;

/// <summary>
/// Takes secrets, and whatever a terminal or a log could stumble over, out of texts that a server or a foreign handler wrote.
/// </summary>
internal sealed class SecretRedactor
{
    internal const int ErrorLength = 100;
    internal const int DescriptionLength = 300;
    internal const int BodyLength = 4096;

    /// <summary>Parts of a secret longer than 8 characters are secrets too.</summary>
    private const int Part = 9;

    private const int Bits = 7;

    // Each part of a secret, its nine characters packed into one number, so that a text is searched for all of them in one pass.
    private readonly HashSet<ulong> _parts = [];
    private readonly List<string> _short = [];

    /// <param name="configured">The secrets of the settings.</param>
    /// <param name="tokens">The tokens at hand.</param>
    internal SecretRedactor(IReadOnlyList<string> configured, params ReadOnlySpan<string?> tokens)
    {
        foreach (string secret in configured)
        {
            Add(secret);
        }

        foreach (string? token in tokens)
        {
            Add(token);
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
            if (Mask(cause.Message) != cause.Message)
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

    // Characters beyond ASCII lose their upper bits, so that one may be masked without need, but none is missed.
    private static ulong Push(ulong part, char c) => ((part << Bits) | (c & 0x7FU)) & ((1UL << (Part * Bits)) - 1);

    private void Add(string? secret)
    {
        if (string.IsNullOrEmpty(secret))
        {
            return;
        }

        // As it is, and as an echo of the request's body or of an address would show it.
        AddParts(secret);
        AddParts(TokenRequestBody.FormEncode(secret));
        AddParts(Uri.EscapeDataString(secret));
    }

    private void AddParts(string secret)
    {
        if (secret.Length < Part)
        {
            _short.Add(secret);
            return;
        }

        ulong part = 0;
        for (int i = 0; i < secret.Length; i++)
        {
            part = Push(part, secret[i]);
            if (i >= Part - 1)
            {
                _parts.Add(part);
            }
        }
    }

    private string Mask(string text)
    {
        bool[] hidden = new bool[text.Length];
        ulong part = 0;
        int hiddenTo = 0;
        for (int i = 0; i < text.Length; i++)
        {
            part = Push(part, text[i]);
            if (i >= Part - 1 && _parts.Contains(part))
            {
                int from = Math.Max(hiddenTo, i - Part + 1);
                hidden.AsSpan(from, i + 1 - from).Fill(true);
                hiddenTo = i + 1;
            }
        }

        foreach (string secret in _short)
        {
            for (int at = 0, found; (found = text.AsSpan(at).IndexOf(secret, StringComparison.Ordinal)) >= 0; at += found + secret.Length)
            {
                hidden.AsSpan(at + found, secret.Length).Fill(true);
            }
        }

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
