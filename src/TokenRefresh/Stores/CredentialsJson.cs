using TokenRefresh.Stores.Json;

namespace TokenRefresh;

/// <summary>
/// Reads and writes a login in the bytes of a JSON document, for stores of your own: what belongs to other programs stays byte for byte.
/// </summary>
/// <remarks>Safe for concurrent use.</remarks>
public static class CredentialsJson
{
    /// <summary>Reads the login.</summary>
    /// <param name="document">The document, UTF-8; nothing or white space alone is one without a login.</param>
    /// <param name="format">Its format.</param>
    /// <returns>The login; <see langword="null"/> if there is none; the sentinel of a logout is one.</returns>
    /// <exception cref="FormatException">The bytes are no JSON object, or a member is of a wrong type. The message names members and
    /// places, never a value.</exception>
    public static OAuthCredentials? Read(ReadOnlyMemory<byte> document, CredentialsFileFormat format) =>
        CredentialsDocument.Parse(document, format).Credentials;

    /// <summary>Makes the document that holds another login in place of its own.</summary>
    /// <param name="document">The document as it was read; empty for a new one.</param>
    /// <param name="credentials">The login; <see langword="null"/> to cut it out.</param>
    /// <param name="format">Its format.</param>
    /// <param name="obtainedAt">When the tokens were obtained, for a format that keeps it; <see langword="null"/> for now.</param>
    /// <returns>The new document.</returns>
    /// <exception cref="FormatException">As <see cref="Read"/>.</exception>
    /// <exception cref="ArgumentException">The access token is empty, or a text cannot be written as UTF-8.</exception>
    public static byte[] Write(
        ReadOnlyMemory<byte> document,
        OAuthCredentials? credentials,
        CredentialsFileFormat format,
        DateTimeOffset? obtainedAt = null)
    {
        var read = CredentialsDocument.Parse(document, format);
        return credentials is null ? read.Without() : read.With(credentials, obtainedAt);
    }
}
