using System.Runtime.InteropServices;

namespace TokenRefresh.Tests.Exploration.Machine;

/// <summary>Bytes of a file that were written at one offset. Immutable; between extents there are NULs.</summary>
internal sealed class Extent
{
    internal Extent(long offset, byte[] bytes)
    {
        Offset = offset;
        Bytes = bytes;
        var hash = default(StateHash);
        hash.Add(offset);
        hash.Add(bytes.Length);
        foreach (long word in MemoryMarshal.Cast<byte, long>(bytes))
        {
            hash.Add(word);
        }

        foreach (byte rest in bytes.AsSpan(bytes.Length / sizeof(long) * sizeof(long)))
        {
            hash.Add((long)rest);
        }

        Hash = hash.Value;
    }

    internal long Offset { get; }

    internal byte[] Bytes { get; }

    internal UInt128 Hash { get; }

    internal long End => Offset + Bytes.Length;

    /// <summary>Writes into a content. The product writes each part of a file at an offset of its own.</summary>
    internal static Extent[] Write(Extent[] content, long offset, ReadOnlySpan<byte> bytes)
    {
        int index = Array.FindIndex(content, e => e.Offset == offset);
        if (index < 0)
        {
            Extent[] longer = [.. content, new Extent(offset, bytes.ToArray())];
            Array.Sort(longer, (one, other) => one.Offset.CompareTo(other.Offset));
            return longer;
        }

        byte[] merged = new byte[Math.Max(bytes.Length, content[index].Bytes.Length)];
        content[index].Bytes.CopyTo(merged, 0);
        bytes.CopyTo(merged);
        var changed = (Extent[])content.Clone();
        changed[index] = new Extent(offset, merged);
        return changed;
    }

    internal static int Read(Extent[] content, Span<byte> buffer, long offset)
    {
        long size = SizeOf(content);
        var length = (int)Math.Clamp(size - offset, 0, buffer.Length);
        buffer[..length].Clear();
        foreach (Extent extent in content)
        {
            long from = Math.Max(extent.Offset, offset);
            long to = Math.Min(extent.End, offset + length);
            if (from < to)
            {
                extent.Bytes.AsSpan((int)(from - extent.Offset), (int)(to - from)).CopyTo(buffer[(int)(from - offset)..]);
            }
        }

        return length;
    }

    internal static long SizeOf(Extent[] content) => content.Length == 0 ? 0 : content.Max(e => e.End);

    internal static UInt128 HashOf(Extent[] content)
    {
        var hash = default(StateHash);
        foreach (Extent extent in content)
        {
            hash.Add(extent.Hash);
        }

        return hash.Value;
    }
}
