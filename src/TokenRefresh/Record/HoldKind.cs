namespace TokenRefresh.Record;

/// <summary>Why no refresh is made for now.</summary>
internal enum HoldKind
{
    /// <summary>The last exchange failed; the refresh token is untouched.</summary>
    CoolDown,

    /// <summary>The server rejected the refresh token: for good without an end, probably with one.</summary>
    Rejected,

    /// <summary>Another process has the successor of the stored tokens and could not save it yet.</summary>
    Unsaved,

    /// <summary>A resource rejects tokens that were just obtained.</summary>
    ResourceRejects,
}
