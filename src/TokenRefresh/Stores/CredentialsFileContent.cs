using TokenRefresh.Stores.Json;

namespace TokenRefresh.Stores;

/// <summary>One read of the credentials file: the bytes and what they mean.</summary>
/// <param name="Bytes">The bytes; empty if the file is missing.</param>
/// <param name="Document">The parsed document.</param>
internal sealed record CredentialsFileContent(byte[] Bytes, CredentialsDocument Document)
{
    internal OAuthCredentials? Credentials => Document.Credentials;

    /// <summary>Gets the stash the document was read from, where the bytes are those of an interrupted write in place; otherwise <see langword="null"/>.</summary>
    internal string? InterruptedStash { get; init; }
}
