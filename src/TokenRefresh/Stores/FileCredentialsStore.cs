using TokenRefresh.Interop;
using TokenRefresh.Locking;

namespace TokenRefresh.Stores;

/// <summary>The default store: one JSON file that many programs share, and a lock file beside it.</summary>
internal sealed class FileCredentialsStore : ICredentialsStore, IDisposable
{
    private readonly object _lock = new();
    private volatile CredentialsFilePaths? _paths;
    private SharedFileLock? _fileLock;
    private FileChangeWatch? _watch;
    private bool _isDisposed;

    internal FileCredentialsStore(CredentialsFileSettings settings, TimeProvider timeProvider, IFileOperations? files = null)
    {
        Settings = settings;
        TimeProvider = timeProvider;
        Files = files ?? FileOperations.Default;
        Reader = new CredentialsFileReader(Files, settings.Format, timeProvider);
    }

    /// <inheritdoc/>
    public string Location => Settings.Path;

    /// <inheritdoc/>
    public string LockPath => Settings.LockPath ?? Settings.Path + CredentialsFilePaths.LockSuffix;

    internal CredentialsFileSettings Settings { get; }

    internal TimeProvider TimeProvider { get; }

    internal IFileOperations Files { get; }

    internal CredentialsFileReader Reader { get; }

    // Those of the last read or lease; what belongs to the same look or the same lease does not follow the links again.
    private CredentialsFilePaths Paths => _paths ?? Resolve();

    /// <inheritdoc/>
    public ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default)
    {
        ValueTask<CredentialsFileContent> reading = Reader.ReadAsync(Resolve(), cancellationToken);
        return reading.IsCompletedSuccessfully ? new(reading.Result.Credentials) : CredentialsOfAsync(reading);
    }

    /// <inheritdoc/>
    public ValueTask<ReadOnlyMemory<byte>> ReadRecordAsync(CancellationToken cancellationToken = default) => new(CoordinationFile.ReadRecord(Paths.LockPath));

    /// <inheritdoc/>
    public ValueTask<LockHolder?> ReadHolderAsync(CancellationToken cancellationToken = default) => new(CoordinationFile.ReadHolder(Paths.LockPath));

    /// <inheritdoc/>
    public ValueTask<ICredentialsLease?> AcquireLeaseAsync(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<ICredentialsLease?>(cancellationToken);
        }

        ValueTask<ICredentialsLease?> acquiring = AcquireAsync(timeout, cancellationToken);
        return acquiring.IsCompleted || !cancellationToken.CanBeCanceled ? acquiring : new(WithCancellation(acquiring.AsTask(), cancellationToken));
    }

    /// <inheritdoc/>
    public Task WaitForChangeAsync(CancellationToken cancellationToken = default)
    {
        string target = Paths.Target;
        FileChangeWatch watch;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_watch is null || _watch.Path != target)
            {
                _watch?.Return();
                _watch = FileChangeWatch.Rent(target);
            }

            watch = _watch;
        }

        return watch.WaitAsync(cancellationToken);
    }

    /// <summary>Lets go of the lock file and the watch; the last store of a process on this file closes them.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
            if (_fileLock is not null)
            {
                SharedFileLocks.Return(_fileLock);
            }

            _watch?.Return();
        }
    }

    /// <summary>Follows the links, which a dotfile manager may have pointed elsewhere since.</summary>
    /// <exception cref="CredentialsFileException">They cannot be followed.</exception>
    internal CredentialsFilePaths Resolve() => _paths = CredentialsFilePaths.Resolve(Files, Settings);

    private static async ValueTask<OAuthCredentials?> CredentialsOfAsync(ValueTask<CredentialsFileContent> reading) => (await reading.ConfigureAwait(false)).Credentials;

    // Whoever finds the saved token in the file leaves the queue for the lock: an end as good as any, which must not cost an exception in each of dozens of processes.
    private static Task<ICredentialsLease?> WithCancellation(Task<ICredentialsLease?> acquiring, CancellationToken cancellationToken) => acquiring.ContinueWith(
        static (task, token) => task.IsCompletedSuccessfully && task.Result is null && ((CancellationToken)token!).IsCancellationRequested ? Task.FromCanceled<ICredentialsLease?>((CancellationToken)token) : task,
        cancellationToken,
        CancellationToken.None,
        TaskContinuationOptions.ExecuteSynchronously,
        TaskScheduler.Default).Unwrap();

    private async ValueTask<ICredentialsLease?> AcquireAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        CredentialsFilePaths paths = Resolve();
        EnsureDirectory(paths.Directory);
        KeepLockOpen(paths);
        SharedFileLock fileLock = SharedFileLocks.Rent(paths.LockPath, paths.Target);
        LockHandle? handle = null;
        try
        {
            handle = await fileLock.AcquireAsync(timeout, TimeProvider, Settings.AllowUnreliableLock, cancellationToken).ConfigureAwait(false);
            return handle is null ? null : new FileCredentialsLease(this, paths, fileLock, handle);
        }
        finally
        {
            if (handle is null)
            {
                SharedFileLocks.Return(fileLock);
            }
        }
    }

    private void EnsureDirectory(string directory)
    {
        try
        {
            Files.CreateDirectory(directory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CredentialsFileException(directory, $"The directory '{directory}' of the credentials does not exist and cannot be created: {e.Message} Create it, or correct 'CredentialsPath'.", e);
        }
    }

    // Between two leases too, so that the descriptor stays open and proven: an uncontended lease then costs two system calls.
    private void KeepLockOpen(CredentialsFilePaths paths)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_fileLock?.Path == paths.LockPath)
            {
                return;
            }

            if (_fileLock is not null)
            {
                SharedFileLocks.Return(_fileLock);
            }

            _fileLock = SharedFileLocks.Rent(paths.LockPath, paths.Target);
        }
    }
}
