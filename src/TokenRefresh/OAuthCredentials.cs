using System.Globalization;

namespace TokenRefresh;

/// <summary>Represents one login: the access token and the refresh token, with their scope and both expiries. Immutable.</summary>
/// <remarks><see cref="ToString"/> never shows a token.</remarks>
public sealed class OAuthCredentials
{
    /// <summary>What stands for nothing stored, where something is to be compared or noted.</summary>
    internal static readonly OAuthCredentials None = new("", null);

    /// <summary>
    /// Whether these tokens were obtained by a refresh of the stored login: what the store says of the account then stays.
    /// </summary>
    internal bool ContinuesLogin;

    /// <summary>
    /// What tells this content of the store from any other (for a file: device, inode, size and time), or <see langword="null"/> if the
    /// store has no such mark.
    /// </summary>
    internal string? Version;

    /// <summary>
    /// Which of the document's logins this is, where a store keeps several: a name made of the path to it. The coordination record is kept
    /// for each.
    /// </summary>
    internal string? Login;

    /// <summary>What <see cref="DPoPKey"/> is.</summary>
    internal DPoPKey? Key;

    /// <summary>
    /// The object in which another document of the same format kept this login, where it comes from there: its members that the library
    /// does not know come along into a document that has no such object.
    /// </summary>
    internal byte[]? Model;

    /// <summary>Creates a login.</summary>
    /// <param name="accessToken">The access token.</param>
    /// <param name="refreshToken">The refresh token, or <see langword="null"/> if the login cannot be refreshed.</param>
    /// <param name="expiresAt">When the access token expires; <see langword="null"/> if unknown: it is then used until a resource rejects
    /// it.</param>
    public OAuthCredentials(string accessToken, string? refreshToken, DateTimeOffset? expiresAt = null)
    {
        ArgumentNullException.ThrowIfNull(accessToken);
        AccessToken = accessToken;
        RefreshToken = string.IsNullOrEmpty(refreshToken) ? null : refreshToken;
        ExpiresAt = expiresAt;
    }

    /// <summary>Gets the access token. A secret: never log it. Empty in the cleared sentinel that some programs write at logout.</summary>
    public string AccessToken { get; }

    /// <summary>Gets the refresh token, or <see langword="null"/>. A secret: never log it.</summary>
    public string? RefreshToken { get; }

    /// <summary>Gets the moment the access token expires, or <see langword="null"/> if unknown.</summary>
    public DateTimeOffset? ExpiresAt { get; private set; }

    /// <summary>Gets the moment the refresh token itself expires, or <see langword="null"/> if unknown.</summary>
    public DateTimeOffset? RefreshTokenExpiresAt { get; init; }

    /// <summary>Gets the granted scope tokens (RFC 6749 section 3.3), or <see langword="null"/> if none are known.</summary>
    public IReadOnlyList<string>? Scopes { get; init; }

    /// <summary>Gets the token type, or <see langword="null"/> if the store does not keep one; then <c>Bearer</c> is meant.</summary>
    public string? TokenType { get; init; }

    /// <summary>
    /// Gets the account the login is for, as the authorization server names it, or <see langword="null"/> if unknown. A refresh whose
    /// answer names another one is not saved.
    /// </summary>
    public string? AccountId { get; init; }

    /// <summary>
    /// Gets the identity token (OpenID Connect Core section 2) that came with the tokens, or <see langword="null"/> if there is none or the
    /// store does not keep one. A secret: never log it. It is neither used nor verified here.
    /// </summary>
    public string? IdToken { get; init; }

    /// <summary>
    /// Gets the key to which the tokens are bound (DPoP, RFC 9449), or <see langword="null"/> for a login without one. A secret: never log
    /// it.
    /// </summary>
    /// <remarks>
    /// A refresh leaves it as it is; every token request carries a proof by it. Access tokens are sent with a proof if their type is
    /// <c>DPoP</c> or not known, and as plain ones if the server has named another type.
    /// </remarks>
    public DPoPKey? DPoPKey
    {
        get => Key;
        init => Key = value;
    }

    /// <summary>Gets whether this is the cleared sentinel of a logout: neither an access nor a refresh token.</summary>
    public bool IsSignedOut => AccessToken.Length == 0 && RefreshToken is null;

    /// <summary>Returns the expiries, never a token.</summary>
    /// <returns>A text that is safe to log.</returns>
    public override string ToString() =>
        IsSignedOut
            ? "signed out"
            : "OAuth credentials, access token expires "
            + (ExpiresAt is { } at ? at.ToString("O", CultureInfo.InvariantCulture) : "at an unknown time")
            + (RefreshToken is null ? ", not refreshable" : ", refreshable");

    /// <summary>The same login, read from this content of the store.</summary>
    internal OAuthCredentials WithVersion(string? version)
    {
        var copy = (OAuthCredentials)MemberwiseClone();
        copy.Version = version;
        return copy;
    }

    /// <summary>The same login with the object that it was kept in.</summary>
    internal OAuthCredentials WithModel(byte[]? model)
    {
        var copy = (OAuthCredentials)MemberwiseClone();
        copy.Model = model;
        return copy;
    }

    /// <summary>The same login with the expiry that its access token itself names.</summary>
    internal OAuthCredentials WithExpiry(DateTimeOffset expiresAt)
    {
        var copy = (OAuthCredentials)MemberwiseClone();
        copy.ExpiresAt = expiresAt;
        return copy;
    }

    /// <summary>Gets whether both hold the same tokens.</summary>
    internal bool HasSameTokens(OAuthCredentials? other) =>
        other is not null && AccessToken == other.AccessToken && RefreshToken == other.RefreshToken;

    /// <summary>Gets whether both are the same login, or both none: what a compare-and-commit compares.</summary>
    /// <remarks>The refresh token identifies a login; the access token does only where there is none.</remarks>
    internal static bool AreSameLogin(OAuthCredentials? one, OAuthCredentials? other) =>
        one is null || other is null
            ? one is null && other is null
            : one.RefreshToken == other.RefreshToken && (one.RefreshToken is not null || one.AccessToken == other.AccessToken);
}
