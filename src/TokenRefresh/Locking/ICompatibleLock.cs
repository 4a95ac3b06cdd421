namespace TokenRefresh.Locking;

/// <summary>A lock by which other programs guard the same credentials. Taken by the holder of our own lock only, so not for concurrent
/// use.</summary>
internal interface ICompatibleLock
{
    string Path { get; }

    /// <summary>Takes the lock if it is free, or was left over.</summary>
    /// <returns><see langword="false"/> if it is not had yet: to be tried again after a short pause.</returns>
    /// <exception cref="LockUnavailableException">It cannot be had here at all.</exception>
    bool TryAcquire();

    /// <summary>Checks that the lock is still held here, and starts its stale window over. Never throws.</summary>
    bool Renew();

    /// <summary>Gives the lock back, if it is held here. Never throws.</summary>
    void Release();

    /// <summary>Says what is known of a lock that was not had, as part of a sentence.</summary>
    string Describe();
}
