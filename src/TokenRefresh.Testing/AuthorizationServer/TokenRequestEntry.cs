namespace TokenRefresh.Testing;

/// <summary>One token request in the journal.</summary>
/// <param name="Login">The login's name, or <see langword="null"/> if the refresh token is not one of this server's.</param>
/// <param name="RefreshTokenFingerprint">The fingerprint of the refresh token, or <see langword="null"/> if none was read.</param>
/// <param name="At">When the server decided, by its clock.</param>
/// <param name="Outcome">What the server decided.</param>
/// <param name="AccessTokenRemaining">What was left of the family's newest access token; not positive if a refresh was due; <see
/// langword="null"/> if the login is not known.</param>
public sealed record TokenRequestEntry(
    string? Login,
    string? RefreshTokenFingerprint,
    DateTimeOffset At,
    TokenRequestOutcome Outcome,
    TimeSpan? AccessTokenRemaining);
