using System.Text;

namespace TokenRefresh.Endpoint;

/// <summary>
/// Takes secrets, and whatever a terminal or a log could stumble over, out of texts that a server or a foreign handler wrote.
/// </summary>
/// <remarks>
/// Parts of a secret longer than 8 bytes are secrets too; of a shorter secret only the whole is. They are found as they are,
/// percent-encoded, escaped as in JSON, or in Base64. The work grows with the length of the text, and with that of the secrets, but not
/// with the product of both.
/// </remarks>
internal sealed class SecretRedactor
{
    internal const int ErrorLength = 100;
    internal const int DescriptionLength = 300;
    internal const int BodyLength = 4096;

    private const int Part = 9;
    private const int Bits = 7;

    // An echo of a form in a JSON string, and once more in an error of the gateway before it.
    private const int Decodings = 2;

    // Each part of a secret, its nine bytes packed into one number, so that a text is searched for all of them in one pass. A whole secret
    // of fewer bytes is there with its length above it.
    private readonly HashSet<ulong> _parts = [];

    // Bit n: there is a secret of n bytes.
    private int _shortLengths;

    internal SecretRedactor(params ReadOnlySpan<string?> secrets)
    {
        foreach (string? secret in secrets)
        {
            Add(secret);
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
            if (Find(cause.Message).Contains(true))
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
        bool[] hidden = Find(text);
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

    private void Add(string? secret)
    {
        if (string.IsNullOrEmpty(secret))
        {
            return;
        }

        byte[] bytes = Encoding.UTF8.GetBytes(secret);
        AddParts(bytes);
        AddBase64(bytes);
        string encoded = TokenRequestWriter.FormEncode(secret);
        if (encoded != secret)
        {
            // As client_secret_basic has it (RFC 6749 section 2.3.1).
            AddBase64(Encoding.UTF8.GetBytes(encoded));
        }
    }

    private void AddParts(ReadOnlySpan<byte> secret)
    {
        ulong part = 0;
        for (int i = 0; i < secret.Length; i++)
        {
            part = Push(part, secret[i]);
            if (i >= Part - 1)
            {
                _parts.Add(part);
            }
        }

        if (secret.Length < Part)
        {
            _parts.Add(WholeOf(part, secret.Length));
            _shortLengths |= 1 << secret.Length;
        }
    }

    // Three bytes become four characters, so there are three ways in which a secret can stand in the Base64 of a longer text, as after the
    // identifier of the Basic header. The characters at both ends that depend on what surrounds it are left out.
    private void AddBase64(byte[] secret)
    {
        for (int before = 0; before < 3; before++)
        {
            byte[] surrounded = [.. new byte[before], .. secret];
            int from = ((before * 8) + 5) / 6;
            int to = surrounded.Length * 8 / 6;

            // Of fewer characters it may be a word.
            if (to - from >= Part - 1)
            {
                string text = Convert.ToBase64String(surrounded)[from..to];
                AddParts(Encoding.ASCII.GetBytes(text));
                AddParts(Encoding.ASCII.GetBytes(text.Replace('+', '-').Replace('/', '_')));
            }
        }
    }

    // For each character, whether it belongs to a secret.
    private bool[] Find(string text)
    {
        // What begins at a character minus what ends there: overlapping finds are not walked through twice.
        int[] changes = new int[text.Length + 1];
        EscapedText? form = new(text);
        for (int decodings = 0; form is not null && decodings <= Decodings; decodings++)
        {
            ulong part = 0;
            for (int i = 0; i < form.Length; i++)
            {
                part = Push(part, form[i]);
                int length = LongestAt(part, i + 1);
                if (length > 0)
                {
                    changes[form.StartOf(i - length + 1)]++;
                    changes[form.EndOf(i)]--;
                }
            }

            form = form.TryDecode();
        }

        bool[] hidden = new bool[text.Length];
        for (int i = 0, depth = 0; i < text.Length; i++)
        {
            depth += changes[i];
            hidden[i] = depth > 0;
        }

        return hidden;
    }

    // The longest one covers the others that end at the same byte.
    private int LongestAt(ulong part, int read)
    {
        if (read >= Part && _parts.Contains(part))
        {
            return Part;
        }

        for (int length = Math.Min(read, Part - 1); length > 0 && _shortLengths != 0; length--)
        {
            if ((_shortLengths & (1 << length)) != 0 && _parts.Contains(WholeOf(part, length)))
            {
                return length;
            }
        }

        return 0;
    }

    // Bytes beyond ASCII lose their upper bit, and a plus sign passes for a space, which it is in a form: more may be masked than need be,
    // but nothing is missed.
    private static ulong Push(ulong part, byte one) =>
        ((part << Bits) | (one == ' ' ? '+' : one & 0x7FU)) & ((1UL << (Part * Bits)) - 1);

    private static ulong WholeOf(ulong part, int length) => (1UL << 63) | ((ulong)length << 57) | (part & ((1UL << (length * Bits)) - 1));
}
