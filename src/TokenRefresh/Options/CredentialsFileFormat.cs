namespace TokenRefresh;

/// <summary>Names the section and members of a credentials file, and its unit of time. Immutable.</summary>
public sealed class CredentialsFileFormat
{
    /// <summary>Gets the format that recognizes which of the built-in ones a document is, and writes <see cref="ClaudeCode"/> into a missing or empty file.</summary>
    public static CredentialsFileFormat Auto { get; } = new();

    /// <summary>Gets Claude Code's format: section <c>claudeAiOauth</c>, camel case members, expiry in milliseconds.</summary>
    public static CredentialsFileFormat ClaudeCode { get; } = new()
    {
        Section = "claudeAiOauth",
        AccessTokenMember = "accessToken",
        RefreshTokenMember = "refreshToken",
        ExpiresAtMember = "expiresAt",
        RefreshTokenExpiresAtMember = "refreshTokenExpiresAt",
        ScopesMember = "scopes",
        TokenTypeMember = null,
        TimeUnit = CredentialsTimeUnit.Milliseconds,
    };

    /// <summary>Gets the flat format of SDKs: <c>access_token</c>, <c>refresh_token</c>, <c>expires_at</c> in seconds, at the top level.</summary>
    public static CredentialsFileFormat FlatOAuth { get; } = new()
    {
        Section = null,
        AccessTokenMember = "access_token",
        RefreshTokenMember = "refresh_token",
        ExpiresAtMember = "expires_at",
        RefreshTokenExpiresAtMember = "refresh_token_expires_at",
        ScopesMember = "scope",
        TokenTypeMember = "token_type",
        AccountIdMember = "account_id",
        TimeUnit = CredentialsTimeUnit.Seconds,
    };

    /// <summary>Gets the member of the top-level object that holds the login.</summary>
    /// <value><see langword="null"/> if the login's members stand at the top level.</value>
    public string? Section { get; init; }

    /// <summary>Gets the name of the access token's member. Default <c>access_token</c>.</summary>
    public string AccessTokenMember { get; init; } = "access_token";

    /// <summary>Gets the name of the refresh token's member. Default <c>refresh_token</c>.</summary>
    public string RefreshTokenMember { get; init; } = "refresh_token";

    /// <summary>Gets the name of the expiry's member. Default <c>expires_at</c>.</summary>
    public string ExpiresAtMember { get; init; } = "expires_at";

    /// <summary>Gets the name of the member for the refresh token's own expiry; <see langword="null"/> if the file keeps none.</summary>
    public string? RefreshTokenExpiresAtMember { get; init; }

    /// <summary>Gets the name of the member for the scope: an array, or one string with blanks; <see langword="null"/> if the file keeps none.</summary>
    public string? ScopesMember { get; init; }

    /// <summary>Gets the name of the member for the token type; <see langword="null"/> if the file keeps none.</summary>
    public string? TokenTypeMember { get; init; }

    /// <summary>Gets the name of the member for the account's id; <see langword="null"/> if the file keeps none.</summary>
    /// <remarks>Written by <see cref="CoordinatedTokenProvider.StoreAsync"/> only. A refresh never changes it, but is refused where the server's answer names another account.</remarks>
    public string? AccountIdMember { get; init; }

    /// <summary>Gets the unit of the two expiries, counted from 1970-01-01T00:00:00Z. Default seconds.</summary>
    public CredentialsTimeUnit TimeUnit { get; init; } = CredentialsTimeUnit.Seconds;
}
