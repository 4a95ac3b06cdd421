namespace TokenRefresh.Endpoint;

/// <summary>A successful answer of the token endpoint (RFC 6749 section 5.1).</summary>
public sealed class TokenResponse
{
    /// <summary>Creates an answer.</summary>
    /// <param name="accessToken">The new access token: printable ASCII (RFC 6749 appendix A.12), not blank.</param>
    /// <param name="refreshToken">The new refresh token; <see langword="null"/> if the server keeps the old one.</param>
    /// <param name="expiresIn">The access token's lifetime; <see langword="null"/> if the server named none.</param>
    /// <exception cref="ArgumentException"><paramref name="accessToken"/> is empty or blank, or holds a character that no header may
    /// hold.</exception>
    public TokenResponse(string accessToken, string? refreshToken, TimeSpan? expiresIn)
    {
        TokenRefresh.AccessToken.ThrowIfItCannotBeSent(accessToken, nameof(accessToken));
        AccessToken = accessToken;
        RefreshToken = string.IsNullOrEmpty(refreshToken) ? null : refreshToken;
        ExpiresIn = expiresIn;
    }

    /// <summary>Gets the new access token. A secret: never log it.</summary>
    public string AccessToken { get; }

    /// <summary>Gets the new refresh token, or <see langword="null"/> if the server keeps the old one. A secret: never log it.</summary>
    public string? RefreshToken { get; }

    /// <summary>Gets the lifetime counted from the answer, or <see langword="null"/>.</summary>
    public TimeSpan? ExpiresIn { get; }

    /// <summary>Gets the refresh token's own lifetime, or <see langword="null"/> if the server named none.</summary>
    public TimeSpan? RefreshTokenExpiresIn { get; init; }

    /// <summary>Gets the granted scope tokens, or <see langword="null"/> if unchanged.</summary>
    public IReadOnlyList<string>? Scopes { get; init; }

    /// <summary>Gets the token type, or <see langword="null"/> if the server named none.</summary>
    public string? TokenType { get; init; }

    /// <summary>
    /// Gets the account the tokens are for: <c>account_id</c>, else <c>uuid</c> or <c>id</c> of <c>account</c>; <see langword="null"/> if
    /// the server named none.
    /// </summary>
    public string? AccountId { get; init; }

    /// <summary>
    /// Gets the identity token (OpenID Connect Core section 12.2), or <see langword="null"/> if the server sent none; the stored one then
    /// stays. A secret: never log it.
    /// </summary>
    public string? IdToken { get; init; }

    /// <summary>
    /// Gets the <c>sub</c> of an <c>id_token</c> (OpenID Connect Core section 12.2), unverified, or <see langword="null"/>.
    /// </summary>
    internal string? Subject { get; init; }

    /// <summary>Returns a text without tokens.</summary>
    /// <returns>A text that is safe to log.</returns>
    public override string ToString() => $"token response, expires in {ExpiresIn?.ToString() ?? "unknown time"}";
}
