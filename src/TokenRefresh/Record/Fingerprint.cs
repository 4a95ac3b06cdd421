using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace TokenRefresh.Record;

/// <summary>Stands for a token in the coordination record: 128 bits of its SHA-256. Tokens have high entropy, so nothing can be learned from it.</summary>
internal readonly record struct Fingerprint(UInt128 Value)
{
    internal const int Size = 16;

    internal static Fingerprint Of(string text)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(text), hash);
        return Read(hash);
    }

    internal static Fingerprint Read(ReadOnlySpan<byte> bytes) => new(BinaryPrimitives.ReadUInt128BigEndian(bytes));

    /// <summary>32 lower-case digits.</summary>
    internal string ToHex()
    {
        Span<byte> bytes = stackalloc byte[Size];
        Write(bytes);
        return Convert.ToHexString(bytes).ToLowerInvariant();
    }

    internal void Write(Span<byte> bytes) => BinaryPrimitives.WriteUInt128BigEndian(bytes, Value);
}
