namespace TokenRefresh;

/// <summary>The exclusive right to refresh, replace or remove a login. Disposal gives it back.</summary>
/// <remarks>Not for concurrent use; disposal is idempotent and never throws.</remarks>
public interface ICredentialsLease : IAsyncDisposable
{
    /// <summary>Gets where the credentials of this lease are, with every link resolved. For messages.</summary>
    string Location { get; }

    /// <summary>Gets where the lock of this lease is, with every link resolved. For messages.</summary>
    string LockPath { get; }

    /// <summary>Reads the login under the lease; from here on nothing read earlier counts.</summary>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <returns>As <see cref="ICredentialsStore.ReadAsync"/>.</returns>
    /// <exception cref="CredentialsFileException">What is stored cannot be read.</exception>
    ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default);

    /// <summary>Makes sure that a commit can succeed, and makes room for it, before anything is sent.</summary>
    /// <param name="cancellationToken">Ends the preparation.</param>
    /// <returns><see langword="false"/> if the lease turned out not to be exclusive, or is no longer that of this login: give it back and
    /// start over.</returns>
    /// <exception cref="CredentialsFileException">A commit could not succeed; nothing may be sent.</exception>
    ValueTask<bool> PrepareAsync(CancellationToken cancellationToken = default);

    /// <summary>Replaces what is stored, durably, if it still is <paramref name="expected"/>; otherwise changes nothing.</summary>
    /// <param name="expected">What must be stored: the same refresh token (the same access token where there is none);
    /// <see langword="null"/> for nothing.</param>
    /// <param name="next">What to store; <see langword="null"/> to remove the login.</param>
    /// <param name="cancellationToken">Ends the wait before the write; a write that has begun is finished.</param>
    /// <returns>Whether the write happened, and what is stored where it did not.</returns>
    /// <exception cref="CredentialsFileException">What is stored cannot be read; nothing was written.</exception>
    /// <exception cref="CredentialsSaveException">The write failed, or was not made durable: the old login or the new one is stored,
    /// whole.</exception>
    ValueTask<CredentialsCommit> CommitAsync(
        OAuthCredentials? expected,
        OAuthCredentials? next,
        CancellationToken cancellationToken = default);

    /// <summary>Replaces the coordination record. A crash leaves the old record or the new one, never a part of either.</summary>
    /// <param name="record">At most 65,536 opaque bytes.</param>
    /// <param name="durable">Whether the record must survive a power cut once the task completes; otherwise the older one may come
    /// back.</param>
    /// <param name="cancellationToken">Ends the wait before the write.</param>
    /// <returns>A task that completes when the record is written.</returns>
    /// <remarks>
    /// The first durable write after <see cref="PrepareAsync"/>, before a commit, notes an attempt: once it has completed, the refresh
    /// token leaves. Where a lease can be lost while its process lives on, this write must fail then, and the next lease be granted only
    /// when the outcome of a noted attempt is known or can no longer come. All other writes should succeed without the lease as long as no
    /// other process has written since.
    /// </remarks>
    /// <exception cref="LockUnavailableException">The lease was lost, and nothing was written. Nothing is sent then, and all starts
    /// over.</exception>
    ValueTask WriteRecordAsync(ReadOnlyMemory<byte> record, bool durable, CancellationToken cancellationToken = default);
}
