using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace TokenRefresh.Locking;

/// <summary>The first block of the lock file: who holds the lock, and the nonce by which the holder knows the file again. A versioned contract, see <c>docs/lock-file.md</c>.</summary>
/// <remarks>Written at every grant in one write and not flushed: after a power cut nobody holds the lock. Garbage, a torn write or another version reads as nobody.</remarks>
internal static class HolderBlock
{
    internal const int Offset = 0;
    internal const int Size = 512;
    internal const int NonceOffset = 24;
    internal const int NonceSize = 16;

    internal const ushort Version = 1;

    private const int NameOffset = 40;
    private const int NameCapacity = 126;
    private const int HostOffset = 168;
    private const int HostCapacity = 254;
    private const int ChecksumOffset = Size - SHA256.HashSizeInBytes;

    private static ReadOnlySpan<byte> Magic => "TRLK"u8;

    internal static void Write(Span<byte> block, LockHolder holder, ReadOnlySpan<byte> nonce)
    {
        block[..Size].Clear();
        Magic.CopyTo(block);
        BinaryPrimitives.WriteUInt16LittleEndian(block[4..], Version);
        BinaryPrimitives.WriteInt32LittleEndian(block[8..], holder.ProcessId);
        BinaryPrimitives.WriteInt64LittleEndian(block[16..], holder.Since.ToUnixTimeMilliseconds());
        nonce.CopyTo(block.Slice(NonceOffset, NonceSize));
        WriteText(block[NameOffset..], NameCapacity, holder.ProcessName);
        WriteText(block[HostOffset..], HostCapacity, holder.Host);
        SHA256.HashData(block[..ChecksumOffset], block.Slice(ChecksumOffset, SHA256.HashSizeInBytes));
    }

    internal static LockHolder? Read(ReadOnlySpan<byte> block)
    {
        if (block.Length < Size || !block.StartsWith(Magic) || BinaryPrimitives.ReadUInt16LittleEndian(block[4..]) != Version)
        {
            return null;
        }

        Span<byte> checksum = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(block[..ChecksumOffset], checksum);
        if (!checksum.SequenceEqual(block.Slice(ChecksumOffset, SHA256.HashSizeInBytes)))
        {
            return null;
        }

        long since = BinaryPrimitives.ReadInt64LittleEndian(block[16..]);
        return since < 0 || since > DateTimeOffset.MaxValue.ToUnixTimeMilliseconds() ? null : new LockHolder(
            BinaryPrimitives.ReadInt32LittleEndian(block[8..]),
            ReadText(block[NameOffset..], NameCapacity),
            ReadText(block[HostOffset..], HostCapacity),
            DateTimeOffset.FromUnixTimeMilliseconds(since));
    }

    private static void WriteText(Span<byte> field, int capacity, string text)
    {
        Encoder encoder = Encoding.UTF8.GetEncoder();
        encoder.Convert(text, field.Slice(2, capacity), flush: true, out _, out int written, out _);
        BinaryPrimitives.WriteUInt16LittleEndian(field, (ushort)written);
    }

    private static string ReadText(ReadOnlySpan<byte> field, int capacity) =>
        Encoding.UTF8.GetString(field.Slice(2, Math.Min(BinaryPrimitives.ReadUInt16LittleEndian(field), capacity)));
}
