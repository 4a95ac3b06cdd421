using System.Text;

namespace TokenRefresh.Endpoint;

/// <summary>
/// A text as UTF-8 bytes, each with the place in the text that it stands for, so that what is found in a decoded form can be hidden in the
/// text as it is.
/// </summary>
internal sealed class EscapedText
{
    private readonly List<byte> _bytes;
    private readonly List<int> _starts;
    private int _end;

    internal EscapedText(string text)
        : this(text.Length)
    {
        Span<byte> encoded = stackalloc byte[4];
        int at = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            // One that stands alone of a pair of surrogates reads as U+FFFD, of as many characters.
            Add(encoded[..rune.EncodeToUtf8(encoded)], at);
            at += rune.Utf16SequenceLength;
        }

        _end = text.Length;
    }

    private EscapedText(int capacity)
    {
        _bytes = new List<byte>(capacity);
        _starts = new List<int>(capacity);
    }

    internal int Length => _bytes.Count;

    internal byte this[int index] => _bytes[index];

    /// <summary>Gets where in the text the byte begins.</summary>
    internal int StartOf(int index) => _starts[index];

    /// <summary>Gets where in the text the byte ends.</summary>
    internal int EndOf(int index)
    {
        // The bytes of one character begin at the same place.
        int start = _starts[index];
        while (++index < _starts.Count)
        {
            if (_starts[index] != start)
            {
                return _starts[index];
            }
        }

        return _end;
    }

    /// <summary>
    /// Undoes percent-encoding and the escapes of JSON once, whichever of them is met; <see langword="null"/> if there are none. A plus
    /// sign, a space in a form, stays: see <see cref="SecretParts"/>.
    /// </summary>
    internal EscapedText? TryDecode()
    {
        var decoded = new EscapedText(Length) { _end = _end };
        Span<byte> encoded = stackalloc byte[4];
        bool isEscaped = false;
        for (int i = 0; i < Length; i++)
        {
            int start = _starts[i];
            int taken = Unescape(i, encoded, out int written);
            isEscaped |= taken > 1;
            decoded.Add(encoded[..written], start);
            i += taken - 1;
        }

        return isEscaped ? decoded : null;
    }

    private void Add(ReadOnlySpan<byte> bytes, int start)
    {
        foreach (byte one in bytes)
        {
            _bytes.Add(one);
            _starts.Add(start);
        }
    }

    // Returns how many bytes were read.
    private int Unescape(int at, Span<byte> to, out int written)
    {
        written = 1;
        to[0] = _bytes[at];
        if (to[0] == '%' && TryReadHex(at + 1, digits: 2, out int value))
        {
            to[0] = (byte)value;
            return 3;
        }

        if (to[0] != '\\' || at + 1 == Length)
        {
            return 1;
        }

        if (_bytes[at + 1] == 'u' && TryReadHex(at + 2, digits: 4, out value))
        {
            bool isPair = at + 7 < Length && _bytes[at + 6] == '\\' && _bytes[at + 7] == 'u' && char.IsHighSurrogate((char)value);
            if (isPair && TryReadHex(at + 8, digits: 4, out int low) && Rune.TryCreate((char)value, (char)low, out Rune pair))
            {
                written = pair.EncodeToUtf8(to);
                return 12;
            }

            written = (Rune.TryCreate((char)value, out Rune rune) ? rune : Rune.ReplacementChar).EncodeToUtf8(to);
            return 6;
        }

        if ("\"\\/'"u8.IndexOf(_bytes[at + 1]) >= 0)
        {
            to[0] = _bytes[at + 1];
            return 2;
        }

        return 1;
    }

    private bool TryReadHex(int at, int digits, out int value)
    {
        value = 0;
        if (at + digits > Length)
        {
            return false;
        }

        for (int i = at; i < at + digits; i++)
        {
            byte digit = _bytes[i];
            if (!char.IsAsciiHexDigit((char)digit))
            {
                return false;
            }

            value = (value * 16) + (digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
        }

        return true;
    }
}
