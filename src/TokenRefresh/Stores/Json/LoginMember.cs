namespace TokenRefresh.Stores.Json;

/// <summary>What a member of a credentials document means.</summary>
internal enum LoginMember
{
    Unknown,
    Section,
    AccessToken,
    RefreshToken,
    ExpiresAt,
    RefreshTokenExpiresAt,
    Scopes,
    TokenType,
    AccountId,
}
