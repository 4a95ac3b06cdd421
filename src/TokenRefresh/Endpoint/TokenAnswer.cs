namespace TokenRefresh.Endpoint;

/// <summary>What could be read of an answer's body. Holds secrets; no record, since those print themselves.</summary>
internal sealed class TokenAnswer
{
    /// <summary>Gets or sets whether the body is a JSON object that was read to its closing brace.</summary>
    internal bool IsObject { get; set; }

    internal string? AccessToken { get; set; }

    internal string? RefreshToken { get; set; }

    internal TimeSpan? ExpiresIn { get; set; }

    internal bool HasNegativeLifetime { get; set; }

    internal TimeSpan? RefreshTokenExpiresIn { get; set; }

    internal IReadOnlyList<string>? Scopes { get; set; }

    internal string? TokenType { get; set; }

    internal string? AccountId { get; set; }

    internal string? Subject { get; set; }

    internal string? Error { get; set; }

    internal string? ErrorDescription { get; set; }
}
