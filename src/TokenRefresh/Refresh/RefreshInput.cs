using TokenRefresh.Record;

namespace TokenRefresh.Refresh;

/// <summary>Everything that <see cref="RefreshRules"/> decides by.</summary>
internal sealed class RefreshInput
{
    /// <summary>What the store holds, or this process's unsaved successor of it.</summary>
    internal required OAuthCredentials? Stored;

    /// <summary>Whether this provider removed the login, and has found none since.</summary>
    internal bool HasSignedOut;

    internal required LoginRecord Record;

    internal required RefreshReason Reason;

    internal required DateTimeOffset Now;

    /// <summary>The options' times and the client.</summary>
    internal required RefreshContext Context;

    /// <summary>Whether this provider leaves refreshing to another program.</summary>
    internal bool Follows;

    /// <summary>Whether the lock is not had yet: what became of the last attempt is then decided under it, not now.</summary>
    internal bool IsBeforeLock;

    /// <summary>Whether the stored refresh token is known to be used.</summary>
    internal bool IsUsed;
}
