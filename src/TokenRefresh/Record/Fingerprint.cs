using System.Security.Cryptography;
using System.Text;

namespace TokenRefresh.Record;

/// <summary>Stands for a token in the coordination record: 128 bits of its SHA-256, as 32 lower-case hexadecimal digits.</summary>
/// <remarks>
/// Tokens have high entropy, so nothing can be learned from it. A fresh process pays for loading the hash, so a valid token is served
/// without one.
/// </remarks>
internal static class Fingerprint
{
    private const int Size = 16;

    internal static string Of(string text)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(text), hash);
        return Convert.ToHexString(hash[..Size]).ToLowerInvariant();
    }
}
