using TokenRefresh.Record;

namespace TokenRefresh.Refresh;

/// <summary>Everything a decision depends on.</summary>
internal readonly record struct RefreshInput
{
    /// <summary>Gets what the store holds, or this process's unsaved successor of it.</summary>
    internal required OAuthCredentials? Stored { get; init; }

    internal required CoordinationRecord Record { get; init; }

    internal required RefreshReason Goal { get; init; }

    internal required DateTimeOffset Now { get; init; }

    /// <summary>Gets the fingerprint of token endpoint and client id.</summary>
    internal required Fingerprint Client { get; init; }

    /// <summary>Gets whether this process heard, in a dialect that is not fully believed, that the stored refresh token is dead.</summary>
    internal bool IsSuspectedDead { get; init; }

    /// <summary>Gets when this process last replaced a fresh token because it had been accepted before.</summary>
    internal DateTimeOffset? RestraintEndedAt { get; init; }

    internal TimeSpan RefreshBeforeExpiration { get; init; }

    internal TimeSpan ExpirationSkew { get; init; }

    internal TimeSpan? ReuseWindow { get; init; }
}
