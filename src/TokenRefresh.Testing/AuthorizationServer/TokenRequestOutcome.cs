using System.Text.Json.Serialization;

namespace TokenRefresh.Testing;

/// <summary>What the server decided about a token request.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<TokenRequestOutcome>))]
public enum TokenRequestOutcome
{
    /// <summary>Rotated: a new pair was issued.</summary>
    Granted,

    /// <summary>A new access token was issued and the refresh token stays: the script omitted the new one.</summary>
    GrantedWithoutRotation,

    /// <summary>A consumed refresh token was presented within the reuse window; a further pair was issued.</summary>
    Replayed,

    /// <summary>A consumed refresh token was presented outside the window; the family is revoked.</summary>
    Reused,

    /// <summary>The family had been revoked before.</summary>
    Revoked,

    /// <summary>The refresh token's own lifetime is over.</summary>
    Expired,

    /// <summary>The refresh token is not one of this server's.</summary>
    UnknownToken,

    /// <summary>Malformed, or of another grant type or scope.</summary>
    InvalidRequest,

    /// <summary>Client identification or authentication failed.</summary>
    InvalidClient,

    /// <summary>The script answered or dropped it; the refresh token is untouched.</summary>
    NotProcessed,

    /// <summary>
    /// The proof (RFC 9449) is missing or not valid, lacks the nonce, or is by another key than the login's; the refresh token is
    /// untouched.
    /// </summary>
    ProofRefused,
}
