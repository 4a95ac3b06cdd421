namespace TokenRefresh.Credentials;

/// <summary>One read of the credentials file: the bytes and what they mean.</summary>
/// <param name="Bytes">The bytes; empty if the file is missing.</param>
/// <param name="Document">The parsed document.</param>
internal sealed record CredentialsFileContent(byte[] Bytes, CredentialsDocument Document)
{
    internal OAuthCredentials? Credentials => Document.Credentials;
}
