namespace TokenRefresh.Record;

/// <summary>What an attempt or a hold is about: tokens, presented by one client at one endpoint. Fingerprints only.</summary>
/// <remarks>
/// Endpoint and client id belong to it, so that a process with a wrong one does not affect the others; the access token does, so that new
/// tokens void the entry.
/// </remarks>
internal sealed class RecordKey(string refreshToken, string accessToken, string client)
{
    /// <summary>The client of a key that finds the entries of every client: that of a provider which presents nothing itself.</summary>
    internal const string AnyClient = "*";

    internal readonly string RefreshToken = refreshToken;

    internal readonly string AccessToken = accessToken;

    internal readonly string Client = client;

    internal static RecordKey Of(OAuthCredentials credentials, string client) =>
        new(Fingerprint.Of(credentials.RefreshToken ?? ""), Fingerprint.Of(credentials.AccessToken), client);

    internal bool Matches(RecordKey other) =>
        RefreshToken == other.RefreshToken && AccessToken == other.AccessToken && IsOfClient(other);

    internal bool IsOfClient(RecordKey other) => Client == other.Client || other.Client == AnyClient;
}
