using TokenRefresh.Record;

namespace TokenRefresh.Refresh;

/// <summary>Everything that <see cref="RefreshRules"/> decides by.</summary>
internal sealed class RefreshInput
{
    /// <summary>Gets what the store holds, or this process's unsaved successor of it.</summary>
    internal required OAuthCredentials? Stored { get; init; }

    /// <summary>Gets whether this provider removed the login, and has found none since.</summary>
    internal bool HasSignedOut { get; init; }

    internal required LoginRecord Record { get; init; }

    internal required RefreshReason Reason { get; init; }

    internal required DateTimeOffset Now { get; init; }

    /// <summary>Gets the options' times and the client.</summary>
    internal required RefreshContext Context { get; init; }

    /// <summary>Gets whether this provider leaves refreshing to another program.</summary>
    internal bool Follows { get; init; }

    /// <summary>Gets whether the stored refresh token is known to be used.</summary>
    internal bool IsUsed { get; init; }
}
