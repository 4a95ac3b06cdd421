namespace TokenRefresh;

/// <summary>Keeps one login, and the lock that suits its medium.</summary>
/// <remarks>
/// Implementations are safe for concurrent use; several providers, in one process or in many, may share one medium.
/// A store that implements <see cref="IDisposable"/> or <see cref="IAsyncDisposable"/> is disposed by the code that made it.
/// </remarks>
/// <example>
/// <code>
/// using var store = new InMemoryCredentialsStore(new OAuthCredentials("access", "refresh", expiresAt));
/// await using var tokens = CoordinatedTokenProvider.Create(
///     options => (options.TokenEndpoint, options.ClientId) = (new Uri("https://auth.example.com/token"), "my-cli"),
///     new CoordinatedTokenProviderServices { CredentialsStore = store });
/// </code>
/// </example>
public interface ICredentialsStore
{
    /// <summary>Gets where the credentials are, for messages and status: for the file store, a path. Does not touch the medium and does not
    /// throw.</summary>
    string Location { get; }

    /// <summary>Gets where the lock is, for messages. Does not touch the medium and does not throw.</summary>
    string LockPath { get; }

    /// <summary>
    /// Gets the clock that goes with the medium, where machines whose clocks differ share it. The provider then uses this one for
    /// everything, and what one machine writes (expiries, pauses, attempts) means the same on all. Does not touch the medium and does not
    /// throw.
    /// </summary>
    /// <value>Default <see langword="null"/>: the provider's own clock.</value>
    TimeProvider? Clock => null;

    /// <summary>Reads the login without a lease. Never blocks a writer.</summary>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <returns>The login; <see langword="null"/> if none is stored; one whose <see cref="OAuthCredentials.IsSignedOut"/> is set if a
    /// logout left its sentinel.</returns>
    /// <exception cref="CredentialsFileException">What is stored cannot be read; it is left alone.</exception>
    ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default);

    /// <summary>Reads the coordination record without a lease.</summary>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <returns>The bytes last written by <see cref="ICredentialsLease.WriteRecordAsync"/>, whole; empty if there are none or they are
    /// damaged. Never throws for damaged bytes.</returns>
    /// <exception cref="LockUnavailableException">They are there and cannot be read.</exception>
    ValueTask<ReadOnlyMemory<byte>> ReadRecordAsync(CancellationToken cancellationToken = default);

    /// <summary>Reads who holds the lease, as far as the medium tells. A hint for messages.</summary>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <returns>The holder, or <see langword="null"/> if there is none or that is not known.</returns>
    ValueTask<LockHolder?> ReadHolderAsync(CancellationToken cancellationToken = default);

    /// <summary>Acquires the exclusive lease: at most one is held over all processes.</summary>
    /// <param name="timeout">How long to wait; <see cref="TimeSpan.Zero"/> tries once.</param>
    /// <param name="cancellationToken">Ends the wait. A lease granted at the same moment is given back.</param>
    /// <returns>The lease, or <see langword="null"/> if the time was over first.</returns>
    /// <exception cref="LockUnavailableException">The medium cannot be locked.</exception>
    ValueTask<ICredentialsLease?> AcquireLeaseAsync(TimeSpan timeout, CancellationToken cancellationToken = default);

    /// <summary>
    /// Waits for the exclusive right to sign the user in: at most one process has it. It is not the lease: tokens are read, refreshed and
    /// stored meanwhile.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait, which may take as long as a user in a browser does. A right granted at the same
    /// moment is given back.</param>
    /// <returns>The right, given back by its disposal and by the end of its process; <see langword="null"/>, the default, if the medium has
    /// none: then each process asks its user by itself.</returns>
    /// <exception cref="LockUnavailableException">The medium cannot be locked.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    ValueTask<IAsyncDisposable?> AcquireSignInLeaseAsync(CancellationToken cancellationToken = default) => default;

    /// <summary>Completes at the next change of what is stored, or now and then without one: a hint to look again.</summary>
    /// <remarks>The watch is in place when this method returns its task; a change after that completes it. A caller reads after the call,
    /// and then awaits.</remarks>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A task that completes at the next change.</returns>
    Task WaitForChangeAsync(CancellationToken cancellationToken = default);
}
