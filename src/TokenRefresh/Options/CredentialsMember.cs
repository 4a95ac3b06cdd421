namespace TokenRefresh;

/// <summary>The members that matter: those of the login, in the order of a <see cref="CredentialsFileFormat"/>'s names, then those around
/// it.</summary>
internal enum CredentialsMember
{
    AccessToken,
    RefreshToken,
    ExpiresAt,
    RefreshTokenExpiresAt,
    Scopes,
    TokenType,
    AccountId,
    IdToken,
    DPoPKey,

    /// <summary>The next object on the path to the login.</summary>
    Section,
    LastRefresh,
}
