namespace TokenRefresh.Record;

/// <summary>What a note of the record is about: one pair, presented by one client at one endpoint.</summary>
/// <remarks>The endpoint and client id belong to it, so that a process with a wrong one poisons nobody else; the access token, so that every new pair voids the note.</remarks>
internal readonly record struct RecordKey(Fingerprint RefreshToken, Fingerprint AccessToken, Fingerprint Client)
{
    internal const int Size = 3 * Fingerprint.Size;

    internal static RecordKey Of(OAuthCredentials credentials, Fingerprint client) =>
        new(Fingerprint.Of(credentials.RefreshToken ?? ""), Fingerprint.Of(credentials.AccessToken), client);

    internal static RecordKey Read(ReadOnlySpan<byte> bytes) =>
        new(Fingerprint.Read(bytes), Fingerprint.Read(bytes[Fingerprint.Size..]), Fingerprint.Read(bytes[(2 * Fingerprint.Size)..]));

    internal void Write(Span<byte> bytes)
    {
        RefreshToken.Write(bytes);
        AccessToken.Write(bytes[Fingerprint.Size..]);
        Client.Write(bytes[(2 * Fingerprint.Size)..]);
    }
}
