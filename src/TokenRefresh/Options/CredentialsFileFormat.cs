namespace TokenRefresh;

/// <summary>Names the section and members of a credentials file, and how it writes times. Immutable.</summary>
/// <remarks>
/// <see cref="TimeUnit"/> is for a time that is not in the file yet. One that is there is written as it was read: in seconds or a fraction
/// of them, as a number or a string, or as an ISO 8601 time.
/// </remarks>
/// <example>
/// One of the logins of MCP servers that Claude Code keeps beside its own, and the token file of Google's library for Python:
/// <code>
/// var mcpServer = new CredentialsFileFormat
/// {
///     Section = ["mcpOAuth", "issues|3f1c"],
///     AccessTokenMember = "accessToken",
///     RefreshTokenMember = "refreshToken",
///     ExpiresAtMember = "expiresAt",
///     ScopesMember = "scope",
///     TimeUnit = CredentialsTimeUnit.Milliseconds,
/// };
///
/// var python = new CredentialsFileFormat
/// {
///     AccessTokenMember = "token",
///     ExpiresAtMember = "expiry",
///     ScopesMember = "scopes",
///     TimeUnit = CredentialsTimeUnit.Iso8601,
/// };
/// </code>
/// </example>
public sealed class CredentialsFileFormat
{
    /// <summary>
    /// Whether the type is written for a login with a key alone: programs whose format this is know no types, but without one it could not
    /// be told that a server has gone back from tokens of type <c>DPoP</c>.
    /// </summary>
    internal bool WritesTypeOfBoundOnly;

    /// <summary>Creates a format of flat OAuth members, which an initializer may rename.</summary>
    public CredentialsFileFormat()
        : this(CredentialsTimeUnit.Seconds, [], null, "access_token", "refresh_token", "expires_at", null, null, null, null, null, null)
    {
    }

    // Documents are read by this table. Filled here and not by initializers, it costs a cold process no compiled accessors.
    private CredentialsFileFormat(CredentialsTimeUnit timeUnit, string[] section, string? lastRefresh, params string?[] names)
    {
        Path = section;
        LastRefreshMember = lastRefresh;
        Names = names;
        TimeUnit = timeUnit;
    }

    /// <summary>Tells whether both read and write the same members in the same way.</summary>
    internal bool IsSameAs(CredentialsFileFormat other) =>
        TimeUnit == other.TimeUnit
        && LastRefreshMember == other.LastRefreshMember
        && Path.AsSpan().SequenceEqual(other.Path)
        && Names.AsSpan().SequenceEqual(other.Names);

    /// <summary>
    /// Gets the format that recognizes which of the built-in ones but <see cref="AwsSso"/> a file has. A new one gets
    /// <see cref="ClaudeCode"/>.
    /// </summary>
    public static CredentialsFileFormat Auto { get; } = new();

    /// <summary>Gets Claude Code's format: section <c>claudeAiOauth</c>, camel case members, expiry in milliseconds.</summary>
    public static CredentialsFileFormat ClaudeCode { get; } = new(
        CredentialsTimeUnit.Milliseconds,
        ["claudeAiOauth"], null, "accessToken", "refreshToken", "expiresAt", "refreshTokenExpiresAt", "scopes", "tokenType", null, null,
        "dpopKey")
    {
        WritesTypeOfBoundOnly = true,
    };

    /// <summary>
    /// Gets the format of codex: section <c>tokens</c> with <c>access_token</c>, <c>refresh_token</c> and <c>id_token</c>.
    /// </summary>
    /// <remarks>
    /// The file keeps no expiry: the <c>exp</c> of the access token, a JWT, counts. Beside the section, <c>last_refresh</c> says as an ISO
    /// 8601 time when the tokens were obtained.
    /// </remarks>
    public static CredentialsFileFormat Codex { get; } = new(
        CredentialsTimeUnit.Seconds,
        ["tokens"], "last_refresh", "access_token", "refresh_token", null, null, null, "token_type", "account_id", "id_token", "dpop_key")
    {
        WritesTypeOfBoundOnly = true,
    };

    /// <summary>
    /// Gets the flat format of SDKs: <c>access_token</c>, <c>refresh_token</c>, <c>expires_at</c> in seconds, at the top level.
    /// </summary>
    /// <remarks>A file with no <c>expires_at</c> but <c>expiry_date</c> is read and written as <see cref="Google"/>.</remarks>
    public static CredentialsFileFormat FlatOAuth { get; } = new(
        CredentialsTimeUnit.Seconds,
        [],
        null, "access_token", "refresh_token", "expires_at", "refresh_token_expires_at", "scope", "token_type", "account_id", "id_token",
        "dpop_key");

    /// <summary>
    /// Gets the format of Google's tools: as <see cref="FlatOAuth"/>, but with <c>expiry_date</c> in milliseconds in place of
    /// <c>expires_at</c>.
    /// </summary>
    public static CredentialsFileFormat Google { get; } = new(
        CredentialsTimeUnit.Milliseconds,
        [],
        null, "access_token", "refresh_token", "expiry_date", "refresh_token_expires_at", "scope", "token_type", "account_id", "id_token",
        "dpop_key");

    /// <summary>
    /// Gets the format of the AWS CLI's cache of single sign-on: <c>accessToken</c>, <c>refreshToken</c>, <c>expiresAt</c> as an ISO 8601
    /// time, at the top level. <see cref="Auto"/> does not recognize it.
    /// </summary>
    public static CredentialsFileFormat AwsSso { get; } = new(
        CredentialsTimeUnit.Iso8601, [], null, "accessToken", "refreshToken", "expiresAt", null, null, "tokenType", null, null, "dpopKey")
    {
        WritesTypeOfBoundOnly = true,
    };

    /// <summary>Gets the path to the object that holds the login: the names of the members that lead there from the top level.</summary>
    /// <value>
    /// Default empty: the login's members stand at the top level. One name is a section; more are sections in sections, or one of many
    /// logins by its key. Names are taken as they are, with any dots or slashes in them, and none may be empty. The login alone is removed
    /// by <see cref="CoordinatedTokenProvider.RemoveAsync"/>, never what is around it.
    /// </value>
    public IReadOnlyList<string> Section
    {
        get => Path;
        init => Path = value is null ? [] : [.. value];
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

    /// <summary>
    /// Gets the name of the member for the identity token (OpenID Connect Core section 2); <see langword="null"/> if the file keeps none.
    /// </summary>
    /// <remarks>
    /// A refresh whose answer holds an <c>id_token</c> replaces the stored one. A file that has none gets none by a refresh.
    /// </remarks>
    public string? IdTokenMember
    {
        get => Names[(int)CredentialsMember.IdToken];
        init => Names[(int)CredentialsMember.IdToken] = value;
    }

    /// <summary>
    /// Gets the name of the member for the key to which the tokens are bound, a private JSON Web Key (<see cref="TokenRefresh.DPoPKey"/>);
    /// <see langword="null"/> if the file keeps none, so that no such login can be stored.
    /// </summary>
    /// <remarks>Written by <see cref="CoordinatedTokenProvider.StoreAsync"/> only. A refresh never changes it.</remarks>
    public string? DPoPKeyMember
    {
        get => Names[(int)CredentialsMember.DPoPKey];
        init => Names[(int)CredentialsMember.DPoPKey] = value;
    }

    /// <summary>Gets how an expiry is written that is not in the file yet. Default seconds.</summary>
    public CredentialsTimeUnit TimeUnit { get; init; }

    /// <summary>Gets the path as it is, for code that walks it.</summary>
    internal string[] Path { get; private init; }

    /// <summary>
    /// Gets the name of the member beside the section that says when the tokens were obtained; <see langword="null"/> if there is none.
    /// </summary>
    internal string? LastRefreshMember { get; }

    /// <summary>
    /// Gets the names of the login's members by <see cref="CredentialsMember"/>; <see langword="null"/> for what the format does not have.
    /// </summary>
    internal string?[] Names { get; }
}
