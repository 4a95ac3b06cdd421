using System.Buffers.Binary;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace TokenRefresh.Locking;

/// <summary>The second block of the lock file: two alternating slots for the coordination record, so that a torn write leaves the other. A versioned contract, see <c>docs/lock-file.md</c>.</summary>
internal static class RecordSlots
{
    internal const int MaximumRecordSize = 4096;
    internal const int FirstSlotOffset = 4096;
    internal const int SecondSlotOffset = 12288;
    internal const int HeaderSize = 64;
    internal const int SlotSize = HeaderSize + MaximumRecordSize;
    internal const ushort Version = 1;

    private const int SequenceOffset = 8;
    private const int LengthOffset = 16;
    private const int ChecksumOffset = HeaderSize - SHA256.HashSizeInBytes;

    private static ReadOnlySpan<byte> Magic => "TRMM"u8;

    /// <summary>Returns the newer of the two records that are whole; empty if neither is.</summary>
    internal static byte[] Read(SafeFileHandle file) => Newest(file).Record;

    /// <summary>Writes over the older slot, in one write.</summary>
    /// <param name="file">The lock file.</param>
    /// <param name="record">The record.</param>
    /// <param name="flush">Whether it must survive a power cut.</param>
    /// <param name="newest">The slot that the same holder wrote last, or <see langword="null"/> to look which one counts.</param>
    /// <returns>The slot that counts now.</returns>
    internal static Slot Write(SafeFileHandle file, ReadOnlySpan<byte> record, bool flush, Slot? newest = null)
    {
        if (record.Length > MaximumRecordSize)
        {
            throw new ArgumentException($"A coordination record holds at most {MaximumRecordSize} bytes, not {record.Length}.", nameof(record));
        }

        Slot former = newest ?? Newest(file).Slot;
        var next = new Slot(former.Offset == FirstSlotOffset ? SecondSlotOffset : FirstSlotOffset, former.Sequence + 1);
        var slot = new byte[HeaderSize + record.Length];
        Magic.CopyTo(slot);
        BinaryPrimitives.WriteUInt16LittleEndian(slot.AsSpan(4), Version);
        BinaryPrimitives.WriteUInt64LittleEndian(slot.AsSpan(SequenceOffset), next.Sequence);
        BinaryPrimitives.WriteInt32LittleEndian(slot.AsSpan(LengthOffset), record.Length);
        record.CopyTo(slot.AsSpan(HeaderSize));
        Seal(slot);
        RandomAccess.Write(file, slot, next.Offset);
        if (flush)
        {
            RandomAccess.FlushToDisk(file);
        }

        return next;
    }

    private static (Slot Slot, byte[] Record) Newest(SafeFileHandle file)
    {
        (Slot Slot, byte[] Record) newest = (default, []);
        Span<byte> slot = stackalloc byte[SlotSize];
        foreach (int offset in (ReadOnlySpan<int>)[FirstSlotOffset, SecondSlotOffset])
        {
            int read = RandomAccess.Read(file, slot, offset);
            if (TryParse(slot[..read], out ulong sequence, out ReadOnlySpan<byte> record) && sequence > newest.Slot.Sequence)
            {
                newest = (new(offset, sequence), record.ToArray());
            }
        }

        return newest;
    }

    private static bool TryParse(Span<byte> slot, out ulong sequence, out ReadOnlySpan<byte> record)
    {
        sequence = 0;
        record = default;
        if (slot.Length < HeaderSize || !((ReadOnlySpan<byte>)slot).StartsWith(Magic) || BinaryPrimitives.ReadUInt16LittleEndian(slot[4..]) != Version)
        {
            return false;
        }

        int length = BinaryPrimitives.ReadInt32LittleEndian(slot[LengthOffset..]);
        if (length < 0 || length > slot.Length - HeaderSize)
        {
            return false;
        }

        sequence = BinaryPrimitives.ReadUInt64LittleEndian(slot[SequenceOffset..]);
        record = slot.Slice(HeaderSize, length);
        Span<byte> written = stackalloc byte[SHA256.HashSizeInBytes];
        slot[ChecksumOffset..HeaderSize].CopyTo(written);
        Seal(slot[..(HeaderSize + length)]);
        return slot[ChecksumOffset..HeaderSize].SequenceEqual(written);
    }

    /// <summary>Writes the checksum: SHA-256 over everything but itself. Header, sequence and length too, so that half of a new header over an old record does not pass.</summary>
    private static void Seal(Span<byte> slot)
    {
        // One call on one run of bytes, since every look of every waiting process makes two: the rest of the header stands in the checksum's own place meanwhile, right before the record.
        slot[..ChecksumOffset].CopyTo(slot[ChecksumOffset..]);
        Span<byte> checksum = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(slot[ChecksumOffset..], checksum);
        checksum.CopyTo(slot[ChecksumOffset..]);
    }

    /// <summary>Which slot counts.</summary>
    internal readonly record struct Slot(int Offset, ulong Sequence);
}
