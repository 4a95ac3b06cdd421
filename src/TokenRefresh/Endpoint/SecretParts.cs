using System.Text;

namespace TokenRefresh.Endpoint;

/// <summary>
/// Finds secrets, and parts of them longer than 8 characters, in a text: as they are, percent-encoded, escaped as in JSON, or in Base64.
/// </summary>
internal sealed class SecretParts
{
    /// <summary>Parts of a secret longer than 8 bytes are secrets too; of a shorter secret only the whole is.</summary>
    private const int Part = 9;

    private const int Bits = 7;

    // An echo of a form in a JSON string, and once more in an error of the gateway before it.
    private const int Decodings = 2;

    // Each part of a secret, its nine bytes packed into one number, so that a text is searched for all of them in one pass. A whole secret
    // of fewer bytes is there with its length above it.
    private readonly HashSet<ulong> _parts = [];

    // Bit n: there is a secret of n bytes.
    private int _shortLengths;

    internal void Add(string? secret)
    {
        if (string.IsNullOrEmpty(secret))
        {
            return;
        }

        byte[] bytes = Encoding.UTF8.GetBytes(secret);
        AddParts(bytes);
        AddBase64(bytes);
        string encoded = TokenRequestBody.FormEncode(secret);
        if (encoded != secret)
        {
            // As client_secret_basic has it (RFC 6749 section 2.3.1).
            AddBase64(Encoding.UTF8.GetBytes(encoded));
        }
    }

    internal bool AreIn(string text) => Find(text).Contains(true);

    /// <summary>Returns for each character whether it belongs to a secret.</summary>
    internal bool[] Find(string text)
    {
        // What begins at a character minus what ends there: overlapping finds are not walked through twice.
        int[] changes = new int[text.Length + 1];
        EscapedText? form = new(text);
        for (int decodings = 0; form is not null && decodings <= Decodings; decodings++)
        {
            Mark(form, changes);
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

    // Bytes beyond ASCII lose their upper bit, and a plus sign passes for a space, which it is in a form: more may be masked than need be,
    // but nothing is missed.
    private static ulong Push(ulong part, byte one) =>
        ((part << Bits) | (one == ' ' ? '+' : one & 0x7FU)) & ((1UL << (Part * Bits)) - 1);

    private static ulong WholeOf(ulong part, int length) => (1UL << 63) | ((ulong)length << 57) | (part & ((1UL << (length * Bits)) - 1));

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
            byte[] surrounded = new byte[before + secret.Length];
            secret.CopyTo(surrounded, before);
            int from = ((before * 8) + 5) / 6;
            int to = surrounded.Length * 8 / 6;

            // Of fewer characters it may be a word.
            if (to - from >= Part - 1)
            {
                string text = Convert.ToBase64String(surrounded)[from..to];
                AddParts(Encoding.ASCII.GetBytes(text));
                string forAddresses = text.Replace('+', '-').Replace('/', '_');
                if (forAddresses != text)
                {
                    AddParts(Encoding.ASCII.GetBytes(forAddresses));
                }
            }
        }
    }

    private void Mark(EscapedText text, int[] changes)
    {
        ulong part = 0;
        for (int i = 0; i < text.Length; i++)
        {
            part = Push(part, text[i]);
            int length = LongestAt(part, i + 1);
            if (length > 0)
            {
                changes[text.StartOf(i - length + 1)]++;
                changes[text.EndOf(i)]--;
            }
        }
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
}
