namespace TokenRefresh;

/// <summary>The members that a <see cref="CredentialsFileFormat"/> names, those around the login first: the places of its names.</summary>
internal enum CredentialsMember
{
    Section,
    LastRefresh,
    AccessToken,
    RefreshToken,
    ExpiresAt,
    RefreshTokenExpiresAt,
    Scopes,
    TokenType,
    AccountId,
}
