using System.Security.Cryptography;
using System.Text;

namespace TokenRefresh.Testing;

/// <summary>Names a token in books, replies and failure messages without showing it.</summary>
public static class TokenFingerprint
{
    /// <summary>Computes the fingerprint.</summary>
    /// <param name="token">Any token.</param>
    /// <returns>The first 16 lower-case hexadecimal digits of the token's SHA-256.</returns>
    public static string Of(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        return Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(token)), 0, 8).ToLowerInvariant();
    }
}
