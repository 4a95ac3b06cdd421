namespace TokenRefresh.Stores;

/// <summary>A lease that can keep a pair beside the stored one where it cannot replace it.</summary>
internal interface IPairStash
{
    /// <summary>Gets whether a save could not replace the file, and wrote it in place.</summary>
    bool HasWrittenInPlace { get; }

    /// <summary>Keeps the pair, durably, for whoever reads next.</summary>
    /// <param name="replaced">What must be stored; anything else is another login.</param>
    /// <param name="successor">What it was exchanged for.</param>
    /// <returns><see langword="false"/> if another login is stored, or the medium takes nothing new at all.</returns>
    bool TryStash(OAuthCredentials replaced, OAuthCredentials successor);
}
