namespace TokenRefresh;

/// <summary>What can be told of a login without locking, refreshing or writing anything.</summary>
public sealed record TokenRefreshStatus
{
    /// <summary>Gets the state.</summary>
    public required TokenRefreshState State { get; init; }

    /// <summary>Gets where the credentials are.</summary>
    public required string Location { get; init; }

    /// <summary>
    /// Gets whether the provider leaves refreshing to another program, by its <see cref="TokenRefreshOptions.Mode"/>.
    /// </summary>
    public bool IsFollowing { get; init; }

    /// <summary>Gets when this was read, by the clock of the provider and its store, which all times here go by.</summary>
    public DateTimeOffset ReadAt { get; init; }

    /// <summary>Gets when the stored access token expires, or <see langword="null"/> if unknown.</summary>
    public DateTimeOffset? AccessTokenExpiresAt { get; init; }

    /// <summary>Gets when the stored refresh token expires, or <see langword="null"/> if unknown.</summary>
    public DateTimeOffset? RefreshTokenExpiresAt { get; init; }

    /// <summary>
    /// Gets the thumbprint (RFC 7638) of the key to which the login is bound (<see cref="OAuthCredentials.DPoPKey"/>), or
    /// <see langword="null"/> if it has none.
    /// </summary>
    public string? DPoPKeyThumbprint { get; init; }

    /// <summary>Gets who holds the lock, or <see langword="null"/> if no process does or it is not known.</summary>
    public LockHolder? LockHolder { get; init; }

    /// <summary>
    /// Gets when the present access token was obtained by a refresh of any process; <see langword="null"/> if a sign-in stored it or
    /// that is not noted.
    /// </summary>
    public DateTimeOffset? LastRefreshAt { get; init; }

    /// <summary>
    /// Gets when the next attempt may be made, in the states <see cref="TokenRefreshState.CoolingDown"/> and
    /// <see cref="TokenRefreshState.OutcomeUnknown"/>; <see langword="null"/> otherwise, and where it is not known.
    /// </summary>
    public DateTimeOffset? RetryAt { get; init; }

    /// <summary>Gets what is wrong and what helps, or <see langword="null"/>.</summary>
    public string? Problem { get; init; }
}
