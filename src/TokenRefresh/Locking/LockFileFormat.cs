using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using TokenRefresh.Interop;

namespace TokenRefresh.Locking;

/// <summary>
/// The bytes of the lock file: one line that names the holder, and two slots for the coordination record. A versioned contract, see
/// <c>docs/lock-file.md</c>.
/// </summary>
/// <remarks>
/// JSON that <c>cat</c> shows, but with every number at a fixed place, so that a record is found and checked without a parser. The record
/// itself is opaque here. What is torn, foreign or garbage reads as absent.
/// </remarks>
internal static class LockFileFormat
{
    internal const int HolderSize = 512;
    internal const int MaximumRecordSize = 65_536;
    internal const int FirstSlotOffset = HolderSize;
    internal const int SecondSlotOffset = FirstSlotOffset + SlotSize;

    internal const int HeaderSize = 92;
    internal const int FooterSize = 2;

    private const int SlotSize = MaximumRecordSize + 512;
    private const int FileSize = SecondSlotOffset + SlotSize;

    // A usual record with its header comes with one read.
    private const int ReadAhead = 4096;

    private const int ChecksumOffset = 13;
    private const int ChecksumSize = 16;
    private const int ChecksumEnd = ChecksumOffset + ChecksumSize;
    private const int SequenceOffset = 43;
    private const int SequenceSize = 20;
    private const int LengthOffset = 75;
    private const int LengthSize = 6;

    // In UTF-8 a UTF-16 unit takes three bytes at most, and what is around the two names takes 137: so the line always fits. A host name
    // has 63 characters, since .NET cuts it at the first dot.
    private const int ProcessNameCapacity = 40;
    private const int HostCapacity = 84;

    private const int LengthToMilliseconds = 23;

    private static ReadOnlySpan<byte> HolderStart => "{\"tokenrefresh\":"u8;

    private static ReadOnlySpan<byte> Header =>
        """{"checksum":"0000000000000000","sequence":"00000000000000000000","length":"000000","record":"""u8;

    private static ReadOnlySpan<byte> Footer => "}\n"u8;

    /// <summary>Writes the line of a holder.</summary>
    internal static void WriteHolder(Span<byte> line, int processId, string processName, string host, DateTimeOffset since, string nonce) =>
        WriteLine(line, string.Concat(new[]
        {
            "{\"tokenrefresh\":2,\"pid\":", processId.ToString(CultureInfo.InvariantCulture),
            ",\"process\":\"", Fit(processName, ProcessNameCapacity),
            "\",\"host\":\"", Fit(host, HostCapacity),
            "\",\"since\":\"", since.UtcDateTime.ToString("O", CultureInfo.InvariantCulture)[..LengthToMilliseconds],
            "Z\",\"nonce\":\"", nonce, "\"}",
        }));

    /// <summary>Writes the line that names no holder.</summary>
    internal static void WriteNoHolder(Span<byte> line) => WriteLine(line, "{\"tokenrefresh\":2}");

    /// <summary>Reads who holds the lock, as the last holder wrote it.</summary>
    /// <returns>The holder, or <see langword="null"/> if the line names none, or is none.</returns>
    internal static LockHolder? ReadHolder(SafeFileHandle file, IFileOperations? files = null)
    {
        var line = new byte[HolderSize];
        if (!line.AsSpan(0, Read(file, line, 0, files ?? FileOperations.Default)).StartsWith(HolderStart))
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(line);
            JsonElement root = document.RootElement;
            return root.TryGetProperty("pid", out JsonElement processId)
                && root.TryGetProperty("process", out JsonElement processName)
                && root.TryGetProperty("host", out JsonElement host)
                && root.TryGetProperty("since", out JsonElement since)
                ? new LockHolder(processId.GetInt32(), processName.GetString() ?? "", host.GetString() ?? "", since.GetDateTimeOffset())
                : null;
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>Reads the newer of the records that are whole; empty if none is.</summary>
    internal static ReadOnlyMemory<byte> ReadRecord(SafeFileHandle file, IFileOperations? files = null) =>
        ReadNewest(file, files ?? FileOperations.Default, out _);

    /// <summary>Writes over the older slot, in one write, under the lock; if flushed, it survives a power cut. <paramref name="newest"/> is
    /// the number that the same holder wrote last; 0 to look for it.</summary>
    /// <returns>The sequence number of this record.</returns>
    internal static ulong WriteRecord(
        SafeFileHandle file, ReadOnlySpan<byte> record, bool flush, ulong newest = 0, IFileOperations? files = null)
    {
        files ??= FileOperations.Default;
        if (record.Length > MaximumRecordSize)
        {
            throw new ArgumentException(
                $"A coordination record holds at most {MaximumRecordSize} bytes, not {record.Length}.", nameof(record));
        }

        if (newest == 0)
        {
            ReadNewest(file, files, out newest);
        }

        ulong sequence = newest + 1;
        var slot = new byte[HeaderSize + record.Length + FooterSize];
        Header.CopyTo(slot);
        Utf8Formatter.TryFormat(sequence, slot.AsSpan(SequenceOffset), out _, new StandardFormat('D', SequenceSize));
        Utf8Formatter.TryFormat(record.Length, slot.AsSpan(LengthOffset), out _, new StandardFormat('D', LengthSize));
        record.CopyTo(slot.AsSpan(HeaderSize));
        Footer.CopyTo(slot.AsSpan(HeaderSize + record.Length));
        ulong checksum = HashOf(slot.AsSpan(ChecksumEnd));
        Utf8Formatter.TryFormat(checksum, slot.AsSpan(ChecksumOffset), out _, new StandardFormat('x', ChecksumSize));
        files.Write(file, slot, OffsetOf(sequence));
        if (flush)
        {
            files.Flush(file);
        }

        return sequence;
    }

    /// <summary>
    /// Whether these are the bytes of a lock file: none at all, NULs only (after a power cut the system knows the length and not the
    /// content), a holder's line, or a whole slot.
    /// </summary>
    internal static bool IsLockFile(SafeFileHandle file, IFileOperations? files = null)
    {
        files ??= FileOperations.Default;
        Span<byte> bytes = stackalloc byte[ReadAhead];
        int length = Read(file, bytes, 0, files);
        if (length == 0 || bytes[..length].StartsWith(HolderStart))
        {
            return true;
        }

        if (files.Read(file, stackalloc byte[1], FileSize) > 0)
        {
            return false;
        }

        for (var offset = 0; bytes[..length].IndexOfAnyExcept((byte)0) < 0; length = Read(file, bytes, offset, files))
        {
            offset += length;
            if (length == 0)
            {
                return true;
            }
        }

        ReadNewest(file, files, out ulong sequence);
        return sequence != 0;
    }

    /// <summary>FNV-1a of 64 bits: the checksum of a record, and what shortens a long file name.</summary>
    /// <remarks>
    /// A checksum is that of everything behind it: number and length too, so that half of a new header over an old record does not pass.
    /// It need not resist anyone, only a torn write; a SHA would load the system's crypto library, which costs a fresh process more than
    /// the lock.
    /// </remarks>
    internal static ulong HashOf(ReadOnlySpan<byte> bytes)
    {
        ulong hash = 14695981039346656037;
        foreach (byte value in bytes)
        {
            hash = unchecked((hash ^ value) * 1099511628211);
        }

        return hash;
    }

    // An odd number stands in the first slot, an even one in the second: so the older one is always written over, and a torn write leaves
    // the newer.
    private static int OffsetOf(ulong sequence) => sequence % 2 == 1 ? FirstSlotOffset : SecondSlotOffset;

    private static ReadOnlyMemory<byte> ReadNewest(SafeFileHandle file, IFileOperations files, out ulong sequence)
    {
        sequence = 0;
        ReadOnlyMemory<byte> first = ReadSlot(file, FirstSlotOffset, files, ref sequence);
        ulong former = sequence;
        ReadOnlyMemory<byte> second = ReadSlot(file, SecondSlotOffset, files, ref sequence);
        return sequence > former ? second : first;
    }

    // Only the used part is read, and its bytes are looked at only if the number is higher than the one known.
    private static ReadOnlyMemory<byte> ReadSlot(SafeFileHandle file, int offset, IFileOperations files, ref ulong newest)
    {
        Span<byte> start = stackalloc byte[ReadAhead];
        start = start[..Read(file, start, offset, files)];
        if (start.Length < HeaderSize
            || !HasHeader(start)
            || !Utf8Parser.TryParse(start.Slice(SequenceOffset, SequenceSize), out ulong sequence, out int digits)
            || digits != SequenceSize
            || !Utf8Parser.TryParse(start.Slice(LengthOffset, LengthSize), out int length, out digits)
            || digits != LengthSize
            || length is < 0 or > MaximumRecordSize
            || sequence <= newest)
        {
            return default;
        }

        var slot = new byte[HeaderSize + length + FooterSize];
        int known = Math.Min(start.Length, slot.Length);
        start[..known].CopyTo(slot);
        if (known + Read(file, slot.AsSpan(known), offset + known, files) < slot.Length
            || !slot.AsSpan().EndsWith(Footer)
            || !Utf8Parser.TryParse(slot.AsSpan(ChecksumOffset, ChecksumSize), out ulong checksum, out digits, 'x')
            || digits != ChecksumSize
            || checksum != HashOf(slot.AsSpan(ChecksumEnd)))
        {
            return default;
        }

        newest = sequence;
        return slot.AsMemory(HeaderSize, length);
    }

    // What stands between the numbers.
    private static bool HasHeader(ReadOnlySpan<byte> slot) =>
        slot[..ChecksumOffset].SequenceEqual(Header[..ChecksumOffset])
        && slot[ChecksumEnd..SequenceOffset].SequenceEqual(Header[ChecksumEnd..SequenceOffset])
        && slot[(SequenceOffset + SequenceSize)..LengthOffset].SequenceEqual(Header[(SequenceOffset + SequenceSize)..LengthOffset])
        && slot[(LengthOffset + LengthSize)..HeaderSize].SequenceEqual(Header[(LengthOffset + LengthSize)..]);

    private static int Read(SafeFileHandle file, Span<byte> buffer, long offset, IFileOperations files)
    {
        var length = 0;
        for (int read = -1; read != 0 && length < buffer.Length; length += read)
        {
            read = files.Read(file, buffer[length..], offset + length);
        }

        return length;
    }

    private static void WriteLine(Span<byte> line, string text)
    {
        // Not Span.Fill, whose vectors a fresh process would have to compile.
        for (int i = Encoding.UTF8.GetBytes(text, line); i < HolderSize - 1; i++)
        {
            line[i] = (byte)' ';
        }

        line[HolderSize - 1] = (byte)'\n';
    }

    // Names are only for messages: cut, and without what JSON would have to escape.
    private static string Fit(string name, int capacity)
    {
        var fitting = new StringBuilder(name, 0, Math.Min(name.Length, capacity), capacity);
        if (fitting.Length == capacity && char.IsHighSurrogate(fitting[^1]))
        {
            fitting.Length--;
        }

        for (var i = 0; i < fitting.Length; i++)
        {
            if (fitting[i] is < ' ' or '"' or '\\')
            {
                fitting[i] = '_';
            }
        }

        return fitting.ToString();
    }
}
