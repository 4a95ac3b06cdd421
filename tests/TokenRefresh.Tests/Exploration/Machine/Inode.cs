namespace TokenRefresh.Tests.Exploration.Machine;

/// <summary>A file without its name: what is in it, and what of that would survive a power cut.</summary>
internal sealed record Inode(ulong Number)
{
    /// <summary>Gets or sets what every process sees.</summary>
    internal Extent[] Content { get; set; } = [];

    /// <summary>Gets or sets what was flushed last.</summary>
    internal Extent[] Durable { get; set; } = [];

    /// <summary>Gets or sets the content with half of the last write in it, which is what a power cut may leave of it.</summary>
    internal Extent[] Torn { get; set; } = [];

    /// <summary>Gets or sets how often it was written, which is its time.</summary>
    internal int Writes { get; set; }

    internal void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        Torn = Extent.Write(Content, offset, bytes[..(bytes.Length / 2)]);
        Content = Extent.Write(Content, offset, bytes);
        Writes++;
    }

    internal void Replace(byte[] bytes)
    {
        Content = Torn = [];
        Write(0, bytes);
    }

    internal void Truncate()
    {
        Content = Torn = [];
        Writes++;
    }

    internal void Flush() => Durable = Torn = Content;

    internal byte[] ToArray()
    {
        byte[] bytes = new byte[Extent.SizeOf(Content)];
        Extent.Read(Content, bytes, 0);
        return bytes;
    }

    internal void AddTo(ref StateHash state, bool mayLosePower)
    {
        state.Add((long)Number);
        state.Add(Extent.HashOf(Content));
        if (mayLosePower)
        {
            state.Add(Extent.HashOf(Durable));
            state.Add(Extent.HashOf(Torn));
        }
    }
}
