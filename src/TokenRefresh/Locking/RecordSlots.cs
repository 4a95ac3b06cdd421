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
    private const int ChecksumOffset = 32;

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
        Checksum(slot, slot.AsSpan(ChecksumOffset));
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
        var slot = new byte[SlotSize];
        foreach (int offset in (ReadOnlySpan<int>)[FirstSlotOffset, SecondSlotOffset])
        {
            int read = RandomAccess.Read(file, slot, offset);
            if (TryParse(slot.AsSpan(0, read), out ulong sequence, out ReadOnlySpan<byte> record) && sequence > newest.Slot.Sequence)
            {
                newest = (new(offset, sequence), record.ToArray());
            }
        }

        return newest;
    }

    private static bool TryParse(ReadOnlySpan<byte> slot, out ulong sequence, out ReadOnlySpan<byte> record)
    {
        sequence = 0;
        record = default;
        if (slot.Length < HeaderSize || !slot.StartsWith(Magic) || BinaryPrimitives.ReadUInt16LittleEndian(slot[4..]) != Version)
        {
            return false;
        }

        int length = BinaryPrimitives.ReadInt32LittleEndian(slot[LengthOffset..]);
        if (length < 0 || length > slot.Length - HeaderSize)
        {
            return false;
        }

        Span<byte> checksum = stackalloc byte[SHA256.HashSizeInBytes];
        Checksum(slot[..(HeaderSize + length)], checksum);
        sequence = BinaryPrimitives.ReadUInt64LittleEndian(slot[SequenceOffset..]);
        record = slot.Slice(HeaderSize, length);
        return checksum.SequenceEqual(slot.Slice(ChecksumOffset, SHA256.HashSizeInBytes));
    }

    // Over everything but itself: header, sequence and length too, so that half of a new header over an old record does not pass.
    private static void Checksum(ReadOnlySpan<byte> slot, Span<byte> checksum)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(slot[..ChecksumOffset]);
        hash.AppendData(slot[HeaderSize..]);
        hash.GetHashAndReset(checksum);
    }

    /// <summary>Which slot counts.</summary>
    internal readonly record struct Slot(int Offset, ulong Sequence);
}
