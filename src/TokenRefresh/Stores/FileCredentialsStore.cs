using Microsoft.Extensions.Logging;
using TokenRefresh.Diagnostics;
using TokenRefresh.Interop;
using TokenRefresh.Locking;

namespace TokenRefresh.Stores;

/// <summary>The default store: one JSON file that many programs share, and a lock file beside it.</summary>
internal sealed class FileCredentialsStore : ICredentialsStore, IStoreReport, IDisposable
{
    private readonly object _lock = new();
    private volatile CredentialsFilePaths? _paths;
    private SharedFileLock? _fileLock;
    private FileChangeWatch? _watch;
    private bool _isDisposed;

    internal readonly CredentialsFileSettings Settings;

    internal readonly TimeProvider TimeProvider;

    internal readonly IFileOperations Files;

    internal readonly SharedFileLocks Locks;

    internal readonly ILogger Logger;

    internal readonly CredentialsFileReader Reader;

    internal FileCredentialsStore(
        CredentialsFileSettings settings,
        TimeProvider timeProvider,
        IFileOperations? files = null,
        ILogger? logger = null,
        SharedFileLocks? locks = null)
    {
        Logger = logger ?? NonThrowingLogger.None;
        Settings = settings;
        TimeProvider = timeProvider;
        Files = files ?? FileOperations.Default;
        Locks = locks ?? SharedFileLocks.OfThisProcess;
        Reader = new CredentialsFileReader(Files, settings.Format, timeProvider);
    }

    public string Location => Settings.Path;

    public string LockPath => Settings.LockPath ?? Settings.Path + CredentialsFilePaths.LockSuffix;

    public ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default)
    {
        ValueTask<CredentialsFileContent> reading = Reader.ReadAsync(Resolve(), cancellationToken);
        return reading.IsCompletedSuccessfully ? new(reading.Result.Credentials) : CredentialsOfAsync(reading);
    }

    public ValueTask<ReadOnlyMemory<byte>> ReadRecordAsync(CancellationToken cancellationToken = default) =>
        new(CoordinationFile.ReadRecord(LastPaths().LockPath, Files));

    public ValueTask<LockHolder?> ReadHolderAsync(CancellationToken cancellationToken = default) =>
        new(CoordinationFile.ReadHolder(LastPaths().LockPath, Files));

    public ValueTask<ICredentialsLease?> AcquireLeaseAsync(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<ICredentialsLease?>(cancellationToken);
        }

        CredentialsFilePaths paths = Resolve();
        EnsureDirectory(paths.Directory);
        KeepLockOpen(paths);
        SharedFileLock fileLock = Locks.Rent(paths.LockPath, paths.Target, Files);
        var isTaken = false;
        try
        {
            ValueTask<LockHandle?> acquiring = fileLock.AcquireAsync(
                timeout, TimeProvider, Settings.AllowUnreliableLock, cancellationToken);
            if (!acquiring.IsCompletedSuccessfully)
            {
                isTaken = true;
                return new(new LeaseWait(this, paths, fileLock, acquiring.AsTask(), cancellationToken).Start());
            }

            LockHandle? handle = acquiring.Result;
            isTaken = handle is not null;
            return new(handle is null ? null : new FileCredentialsLease(this, paths, fileLock, handle));
        }
        finally
        {
            if (!isTaken)
            {
                Locks.Return(fileLock);
            }
        }
    }

    public async ValueTask<IAsyncDisposable?> AcquireSignInLeaseAsync(CancellationToken cancellationToken = default)
    {
        CredentialsFilePaths paths = Resolve();
        EnsureDirectory(paths.Directory);
        return await SignInLease.AcquireAsync(this, paths, cancellationToken).ConfigureAwait(false);
    }

    public Task WaitForChangeAsync(CancellationToken cancellationToken = default)
    {
        string target = LastPaths().Target;
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

    public string? DescribeMissingLogin() => Reader.Last?.Document.DescribeMissingLogin();

    public (string Path, string State)? FindForeignLock() => null;

    public bool IsReadOnly()
    {
        string target = LastPaths().Target;
        if (OperatingSystem.IsWindows() || Reader.Last is not { IsMountPoint: true })
        {
            return Files.FindObstacle(target) is not null;
        }

        // A file that is mounted by itself is written in place.
        Files.TryOpen(target, forWriting: true, out _, out int errno)?.Dispose();
        return errno != 0;
    }

    /// <summary>Follows the links, which a dotfile manager may have pointed elsewhere since.</summary>
    /// <exception cref="CredentialsFileException">They cannot be followed.</exception>
    internal CredentialsFilePaths Resolve() => _paths = CredentialsFilePaths.Resolve(Files, Settings);

    // The paths of the last read or lease. What belongs to the same look or lease uses them, and does not follow the links again.
    private CredentialsFilePaths LastPaths() => _paths ?? Resolve();

    private static async ValueTask<OAuthCredentials?> CredentialsOfAsync(ValueTask<CredentialsFileContent> reading) =>
        (await reading.ConfigureAwait(false)).Credentials;

    private void EnsureDirectory(string directory)
    {
        try
        {
            Files.CreateDirectory(directory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CredentialsFileException(
                directory,
                $"The directory '{directory}' of the credentials does not exist and cannot be created: {e.Message} "
                + "Create it, or correct 'CredentialsPath'.",
                e);
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
                Locks.Return(_fileLock);
            }

            _fileLock = Locks.Rent(paths.LockPath, paths.Target, Files);
        }
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
                Locks.Return(_fileLock);
            }

            _watch?.Return();
        }
    }

    /// <summary>The wait of one lease for the lock.</summary>
    /// <remarks>
    /// No async method: that would throw on cancellation, which is how each of dozens of processes leaves the queue when it finds the saved
    /// token in the file. What waits for the lease goes on right on the thread on which the lock's own wait ends.
    /// </remarks>
    private sealed class LeaseWait(
        FileCredentialsStore store,
        CredentialsFilePaths paths,
        SharedFileLock fileLock,
        Task<LockHandle?> waiting,
        CancellationToken cancellationToken)
        : TaskCompletionSource<ICredentialsLease?>
    {
        internal Task<ICredentialsLease?> Start()
        {
            FileChangeThread.Add(fileLock);
            if (waiting.IsCompleted)
            {
                End();
            }
            else
            {
                waiting.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(End);
            }

            return Task;
        }

        private void End()
        {
            FileChangeThread.Remove(fileLock);
            if (waiting is { IsCompletedSuccessfully: true, Result: { } handle })
            {
                SetResult(new FileCredentialsLease(store, paths, fileLock, handle));
                return;
            }

            store.Locks.Return(fileLock);
            if (waiting.Exception is { } failure)
            {
                SetException(failure.InnerExceptions);
            }
            else if (cancellationToken.IsCancellationRequested)
            {
                SetCanceled(cancellationToken);
            }
            else
            {
                SetResult(null);
            }
        }
    }
}
