namespace TokenRefresh;

/// <summary>Says why new tokens were discarded.</summary>
public enum TokensDiscardedReason
{
    /// <summary>The login was ended: nothing is stored any more.</summary>
    SignedOut,

    /// <summary>Another login, or another program's refresh, is stored instead.</summary>
    Replaced,

    /// <summary>The tokens are for another account than the one signed in.</summary>
    AccountMismatch,
}
