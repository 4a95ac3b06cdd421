using System.Text.Json;

namespace TokenRefresh.Testing;

/// <summary>What an authorization server has counted: a snapshot, consistent in itself.</summary>
public sealed record AuthorizationServerBooks
{
    /// <summary>Gets how many token requests arrived, whatever became of them.</summary>
    public int TokenRequests { get; init; }

    /// <summary>
    /// Gets how many refreshes were granted, replays within the reuse window included. A grant counts even where a fault kept the answer
    /// from the client.
    /// </summary>
    public int Grants { get; init; }

    /// <summary>Gets how many of the grants were replays within the reuse window.</summary>
    public int Replays { get; init; }

    /// <summary>Gets how often a consumed refresh token was presented outside the reuse window.</summary>
    public int Reuses { get; init; }

    /// <summary>Gets how many families were revoked because of a reuse.</summary>
    public int FamiliesRevoked { get; init; }

    /// <summary>Gets how many families their client revoked at the revocation endpoint (RFC 7009).</summary>
    public int FamiliesRevokedByClient { get; init; }

    /// <summary>Gets the most token requests that were in the server at one time.</summary>
    public int InFlightMaximum { get; init; }

    /// <summary>Gets how many token requests are in the server now.</summary>
    public int InFlight { get; init; }

    /// <summary>Gets how many token requests were malformed, failed client authentication or named an unknown refresh token.</summary>
    public int InvalidRequests { get; init; }

    /// <summary>Gets how many proofs (RFC 9449) were refused, at the token endpoint or the resource, those that lacked the nonce aside.
    /// </summary>
    public int ProofsRefused { get; init; }

    /// <summary>Gets how many proofs were refused only since they lacked the nonce.</summary>
    public int NoncesAsked { get; init; }

    /// <summary>
    /// Gets how many access tokens have come to the end of their lifetime, by the clock or by <see
    /// cref="LoopbackAuthorizationServer.ExpireAllAccessTokens"/>, while they were the newest of a living family.
    /// </summary>
    public int Expiries { get; init; }

    /// <summary>Gets how many requests the protected resource received.</summary>
    public int ApiRequests { get; init; }

    /// <summary>Gets how many of them it answered with 401.</summary>
    public int ApiRejections { get; init; }

    /// <summary>Gets how many of them carried no token at all.</summary>
    public int ApiRequestsWithoutToken { get; init; }

    /// <summary>Gets how many requests reached the other origin, to which scripted redirects lead.</summary>
    public int RedirectTargetHits { get; init; }

    /// <summary>Gets how many of those carried a token, in the header or, as a token request, in the body.</summary>
    public int RedirectTargetSecrets { get; init; }

    /// <summary>Gets how many revocation requests arrived.</summary>
    public int RevocationRequests { get; init; }

    /// <summary>Gets the books of each login, by its name.</summary>
    public IReadOnlyDictionary<string, LoginBooks> Logins { get; init; } = new Dictionary<string, LoginBooks>(StringComparer.Ordinal);

    /// <summary>Gets the finished token requests, in the order of their decision.</summary>
    public IReadOnlyList<TokenRequestEntry> Journal { get; init; } = [];

    /// <summary>Writes the books as JSON. They hold fingerprints, never a token.</summary>
    /// <returns>The JSON.</returns>
    public string ToJson() => JsonSerializer.Serialize(this, BooksJsonContext.Default.AuthorizationServerBooks);

    /// <summary>Reads books that came over HTTP.</summary>
    /// <param name="json">What <see cref="ToJson"/> wrote.</param>
    /// <returns>The books.</returns>
    public static AuthorizationServerBooks Parse(string json) =>
        JsonSerializer.Deserialize(json, BooksJsonContext.Default.AuthorizationServerBooks)
            ?? throw new JsonException("The books are null.");

    /// <summary>Returns the figures on one line.</summary>
    /// <returns>A text for failure messages.</returns>
    public override string ToString() =>
        $"token requests {TokenRequests}, grants {Grants} (replays {Replays}), reuses {Reuses}, families revoked {FamiliesRevoked}, "
        + $"in flight at most {InFlightMaximum}, invalid {InvalidRequests}, api {ApiRequests} (rejected {ApiRejections}, "
        + $"without token {ApiRequestsWithoutToken}), redirect target hits {RedirectTargetHits}, "
        + $"proofs refused {ProofsRefused}, nonces asked {NoncesAsked}";
}
