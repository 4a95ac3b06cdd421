namespace TokenRefresh;

/// <summary>Names the section and members of a credentials file, and its unit of time. Immutable.</summary>
/// <remarks>
/// The unit of time is for a time that is not in the file yet. One that is there is written as it was read: in seconds or a fraction of
/// them, as a number or a string, or as an ISO 8601 time.
/// </remarks>
public sealed class CredentialsFileFormat
{
    /// <summary>Creates a format of flat OAuth members, which an initializer may rename.</summary>
    public CredentialsFileFormat()
        : this(CredentialsTimeUnit.Seconds, null, null, "access_token", "refresh_token", "expires_at", null, null, null, null)
    {
    }

    // Documents are read by this table. Filled here and not by initializers, it costs a cold process no compiled accessors.
    private CredentialsFileFormat(CredentialsTimeUnit timeUnit, params string?[] names)
    {
        Names = names;
        TimeUnit = timeUnit;
    }

    /// <summary>Gets the format that recognizes which of the built-in ones a file has. A new one gets <see cref="ClaudeCode"/>.</summary>
    public static CredentialsFileFormat Auto { get; } = new();

    /// <summary>Gets Claude Code's format: section <c>claudeAiOauth</c>, camel case members, expiry in milliseconds.</summary>
    public static CredentialsFileFormat ClaudeCode { get; } = new(
        CredentialsTimeUnit.Milliseconds,
        "claudeAiOauth", null, "accessToken", "refreshToken", "expiresAt", "refreshTokenExpiresAt", "scopes", null, null);

    /// <summary>Gets the format of codex: section <c>tokens</c> with <c>access_token</c> and <c>refresh_token</c>.</summary>
    /// <remarks>
    /// The file keeps no expiry: the <c>exp</c> of the access token, a JWT, counts. Beside the section, <c>last_refresh</c> says as an ISO
    /// 8601 time when the tokens were obtained.
    /// </remarks>
    public static CredentialsFileFormat Codex { get; } = new(
        CredentialsTimeUnit.Seconds,
        "tokens", "last_refresh", "access_token", "refresh_token", null, null, null, null, "account_id");

    /// <summary>
    /// Gets the flat format of SDKs: <c>access_token</c>, <c>refresh_token</c>, <c>expires_at</c> in seconds, at the top level.
    /// </summary>
    /// <remarks>A file with no <c>expires_at</c> but <c>expiry_date</c> in milliseconds, as of Google's tools, keeps that.</remarks>
    public static CredentialsFileFormat FlatOAuth { get; } = new(
        CredentialsTimeUnit.Seconds,
        null, null, "access_token", "refresh_token", "expires_at", "refresh_token_expires_at", "scope", "token_type", "account_id");

    /// <summary>Gets what <see cref="FlatOAuth"/> is in the files of Google's tools.</summary>
    internal static CredentialsFileFormat FlatOAuthWithExpiryDate { get; } = new(
        CredentialsTimeUnit.Milliseconds,
        null, null, "access_token", "refresh_token", "expiry_date", "refresh_token_expires_at", "scope", "token_type", "account_id");

    /// <summary>Gets the member of the top-level object that holds the login.</summary>
    /// <value><see langword="null"/> if the login's members stand at the top level.</value>
    public string? Section
    {
        get => Names[(int)CredentialsMember.Section];
        init => Names[(int)CredentialsMember.Section] = value;
    }

    /// <summary>Gets the name of the access token's member. Default <c>access_token</c>.</summary>
    public string AccessTokenMember
    {
        get => Names[(int)CredentialsMember.AccessToken]!;
        init => Names[(int)CredentialsMember.AccessToken] = value;
    }

    /// <summary>Gets the name of the refresh token's member. Default <c>refresh_token</c>.</summary>
    public string RefreshTokenMember
    {
        get => Names[(int)CredentialsMember.RefreshToken]!;
        init => Names[(int)CredentialsMember.RefreshToken] = value;
    }

    /// <summary>Gets the name of the expiry's member; <see langword="null"/> if the file keeps none. Default <c>expires_at</c>.</summary>
    /// <remarks>Where the file has no expiry, the <c>exp</c> of an access token that is a JWT counts.</remarks>
    public string? ExpiresAtMember
    {
        get => Names[(int)CredentialsMember.ExpiresAt];
        init => Names[(int)CredentialsMember.ExpiresAt] = value;
    }

    /// <summary>Gets the name of the member for the refresh token's own expiry; <see langword="null"/> if the file keeps none.</summary>
    public string? RefreshTokenExpiresAtMember
    {
        get => Names[(int)CredentialsMember.RefreshTokenExpiresAt];
        init => Names[(int)CredentialsMember.RefreshTokenExpiresAt] = value;
    }

    /// <summary>
    /// Gets the name of the member for the scope: an array, or one string with blanks; <see langword="null"/> if the file keeps none.
    /// </summary>
    public string? ScopesMember
    {
        get => Names[(int)CredentialsMember.Scopes];
        init => Names[(int)CredentialsMember.Scopes] = value;
    }

    /// <summary>Gets the name of the member for the token type; <see langword="null"/> if the file keeps none.</summary>
    public string? TokenTypeMember
    {
        get => Names[(int)CredentialsMember.TokenType];
        init => Names[(int)CredentialsMember.TokenType] = value;
    }

    /// <summary>Gets the name of the member for the account's id; <see langword="null"/> if the file keeps none.</summary>
    /// <remarks>
    /// Written by <see cref="CoordinatedTokenProvider.StoreAsync"/> only. A refresh never changes it, but is refused where the server's
    /// answer names another account.
    /// </remarks>
    public string? AccountIdMember
    {
        get => Names[(int)CredentialsMember.AccountId];
        init => Names[(int)CredentialsMember.AccountId] = value;
    }

    /// <summary>Gets the unit of an expiry that is not in the file yet, counted from 1970-01-01T00:00:00Z. Default seconds.</summary>
    public CredentialsTimeUnit TimeUnit { get; init; }

    /// <summary>Gets all names by <see cref="CredentialsMember"/>; <see langword="null"/> for what the format does not have.</summary>
    internal string?[] Names { get; }
}
