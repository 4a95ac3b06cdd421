using System.Security.Cryptography;
using TokenRefresh.Stores.Json;

namespace TokenRefresh.Keychain;

/// <summary>One read of the item: its document, and a mark that tells it from any other.</summary>
internal sealed record KeychainDocument(byte[] Bytes, CredentialsDocument Document, OAuthCredentials? Credentials, string? Version)
{
    /// <param name="bytes">The item, or <see langword="null"/> if there is none.</param>
    /// <param name="format">Where the login stands in it.</param>
    /// <exception cref="KeychainException">It is no document of that format.</exception>
    internal static KeychainDocument Parse(byte[]? bytes, CredentialsFileFormat format)
    {
        try
        {
            var document = CredentialsDocument.Parse(bytes, format);
            string? version = bytes is null ? null : VersionOf(bytes);
            return new(bytes ?? [], document, document.Credentials?.WithVersion(version), version);
        }
        catch (CredentialsDocumentException e)
        {
            throw new KeychainException(
                KeychainFailure.Foreign,
                $"{e.Message} If it is no login, name another service or account; if it is a damaged one, delete it and sign in again.",
                e);
        }
    }

    /// <summary>128 bits of its SHA-256: nothing can be learned of the tokens in it, which have high entropy.</summary>
    internal static string VersionOf(ReadOnlySpan<byte> bytes) => Convert.ToHexString(SHA256.HashData(bytes), 0, 16).ToLowerInvariant();
}
