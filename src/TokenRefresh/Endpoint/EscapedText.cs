using System.Buffers.Text;
using System.Text;

namespace TokenRefresh.Endpoint;

/// <summary>
/// A text as UTF-8 bytes, each with the place in the text that it stands for, so that what is found in a decoded form can be hidden in the
/// text as it is.
/// </summary>
internal sealed class EscapedText
{
    private readonly byte[] _bytes;
    private readonly int[] _starts;
    private readonly int _end;

    internal EscapedText(string text)
        : this(Encoding.UTF8.GetMaxByteCount(text.Length), text.Length)
    {
        int at = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            // One that stands alone of a pair of surrogates reads as U+FFFD, of as many characters.
            Add(rune, at);
            at += rune.Utf16SequenceLength;
        }
    }

    private EscapedText(int capacity, int end)
    {
        _bytes = new byte[capacity];
        _starts = new int[capacity];
        _end = end;
    }

    internal int Length { get; private set; }

    internal byte this[int index] => _bytes[index];

    /// <summary>Gets where in the text the byte begins.</summary>
    internal int StartOf(int index) => _starts[index];

    /// <summary>Gets where in the text the byte ends: the bytes of one character begin at the same place.</summary>
    internal int EndOf(int index)
    {
        int next = _starts.AsSpan(index, Length - index).IndexOfAnyExcept(_starts[index]);
        return next < 0 ? _end : _starts[index + next];
    }

    /// <summary>
    /// Undoes percent-encoding and the escapes of JSON once, whichever of them is met; <see langword="null"/> if there are none. A plus
    /// sign, a space in a form, stays: see <see cref="SecretRedactor"/>.
    /// </summary>
    internal EscapedText? TryDecode()
    {
        var decoded = new EscapedText(Length, _end);
        for (int i = 0; i < Length;)
        {
            i += Unescape(i, decoded);
        }

        return decoded.Length < Length ? decoded : null;
    }

    // Every escape is longer than what it stands for. Returns how many bytes were read.
    private int Unescape(int at, EscapedText to)
    {
        ReadOnlySpan<byte> rest = _bytes.AsSpan(at, Length - at);
        int start = _starts[at];
        switch (rest)
        {
            case [(byte)'%', ..] when TryReadHex(rest[1..], digits: 2, out int value):
                to.Add((byte)value, start);
                return 3;
            case [(byte)'\\', (byte)'u', ..] when TryReadHex(rest[2..], digits: 4, out int value):
                if (rest[6..] is [(byte)'\\', (byte)'u', .. var second]
                    && TryReadHex(second, digits: 4, out int low)
                    && Rune.TryCreate((char)value, (char)low, out Rune pair))
                {
                    to.Add(pair, start);
                    return 12;
                }

                to.Add(Rune.TryCreate((char)value, out Rune rune) ? rune : Rune.ReplacementChar, start);
                return 6;
            case [(byte)'\\', (byte)'"' or (byte)'\\' or (byte)'/' or (byte)'\'', ..]:
                to.Add(rest[1], start);
                return 2;
            default:
                to.Add(rest[0], start);
                return 1;
        }
    }

    private static bool TryReadHex(ReadOnlySpan<byte> text, int digits, out int value)
    {
        value = 0;
        return text.Length >= digits && Utf8Parser.TryParse(text[..digits], out value, out int read, 'x') && read == digits;
    }

    private void Add(byte one, int start)
    {
        _starts[Length] = start;
        _bytes[Length++] = one;
    }

    private void Add(Rune rune, int start)
    {
        int count = rune.EncodeToUtf8(_bytes.AsSpan(Length));
        _starts.AsSpan(Length, count).Fill(start);
        Length += count;
    }
}
