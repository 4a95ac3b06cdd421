namespace TokenRefresh.Testing;

/// <summary>What was counted of one login.</summary>
public sealed record LoginBooks
{
    /// <summary>Gets how many token requests presented a refresh token of this login.</summary>
    public int TokenRequests { get; init; }

    /// <summary>Gets how many refreshes were granted.</summary>
    public int Grants { get; init; }

    /// <summary>Gets how many of the grants were replays within the reuse window.</summary>
    public int Replays { get; init; }

    /// <summary>Gets how often a consumed refresh token was presented outside the reuse window.</summary>
    public int Reuses { get; init; }

    /// <summary>Gets how many access tokens expired while they were the newest of the living family.</summary>
    public int Expiries { get; init; }

    /// <summary>Gets how many requests reached the protected resource with an access token of this login.</summary>
    public int ApiRequests { get; init; }

    /// <summary>Gets how many of them were answered with 401.</summary>
    public int ApiRejections { get; init; }

    /// <summary>Gets whether the family is revoked.</summary>
    public bool IsRevoked { get; init; }
}
