namespace TokenRefresh.Locking;

/// <summary>The locks of other programs in the one order in which everyone takes them, and reversed to give them back.</summary>
/// <remarks>
/// A program that takes them in another order would wait for us while we wait for it; the time limit of the lease ends that. The set is
/// kept between two leases, since it remembers for how long it has watched a lock that may be left over.
/// </remarks>
internal sealed class CompatibleLockSet(IReadOnlyList<ICompatibleLock> locks)
{
    private int _held;

    /// <summary>Gets the lock that is tried next.</summary>
    internal ICompatibleLock Next => locks[_held];

    internal bool IsAt(IReadOnlyList<string> paths) => locks.Select(item => item.Path).SequenceEqual(paths, StringComparer.Ordinal);

    /// <summary>Takes the locks that are not held yet, up to the first that is not had.</summary>
    /// <returns>Whether all are held.</returns>
    /// <exception cref="LockUnavailableException">One of them cannot be had here at all.</exception>
    internal bool TryAcquire()
    {
        while (_held < locks.Count && Next.TryAcquire())
        {
            _held++;
        }

        return _held == locks.Count;
    }

    /// <summary>Checks that all are still held here, and starts their stale windows over. Never throws.</summary>
    internal bool Renew()
    {
        var areHeld = true;
        foreach (ICompatibleLock item in locks)
        {
            areHeld &= item.Renew();
        }

        return areHeld;
    }

    /// <summary>Gives all back that are held. Never throws.</summary>
    internal void Release()
    {
        for (int i = locks.Count - 1; i >= 0; i--)
        {
            locks[i].Release();
        }

        _held = 0;
    }
}
