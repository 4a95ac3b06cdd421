namespace TokenRefresh.Keychain;

/// <summary>Why a keychain did not read or write an item. None of them means that there is no login, and none leads to a write.</summary>
public enum KeychainFailure
{
    /// <summary>There is no keychain: no session bus, no service on it, or no <c>security</c> program.</summary>
    Unavailable,

    /// <summary>The keychain, or the item, is locked, and was not unlocked.</summary>
    Locked,

    /// <summary>The keychain or its user refused this program.</summary>
    Denied,

    /// <summary>The document is larger than this keychain takes.</summary>
    TooLarge,

    /// <summary>The keychain did not answer in time. A write may still happen.</summary>
    TimedOut,

    /// <summary>The item was stored and is not there any more, though no program of this library removed it: the keyring was replaced, its
    /// service was started again without it, or another program deleted it.</summary>
    Gone,

    /// <summary>The item is none that this library may replace: no JSON document, or one of several with the same names.</summary>
    Foreign,

    /// <summary>The keychain failed in another way.</summary>
    Failed,
}
