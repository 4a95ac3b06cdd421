using Microsoft.Win32.SafeHandles;
using TokenRefresh.Interop;
using TokenRefresh.Locking;

namespace TokenRefresh.Stores;

/// <summary>The default store: one JSON file that many programs share, and a lock file beside it.</summary>
internal sealed class FileCredentialsStore : ICredentialsStore, IDisposable
{
    // A login that is stored more often than that while it is read is nobody's to wait for.
    private const int ReadTries = 5;

    private readonly object _lock = new();
    private readonly CredentialsFileSettings _settings;
    private readonly TimeProvider _timeProvider;
    private SharedFileLock? _engine;
    private FileChangeWatch? _watch;
    private string? _watchedTarget;
    private bool _isDisposed;

    internal FileCredentialsStore(CredentialsFileSettings settings, TimeProvider timeProvider, IFileOperations? files = null)
    {
        _settings = settings;
        _timeProvider = timeProvider;
        Files = files ?? FileOperations.Default;
        Reader = new CredentialsFileReader(Files, settings.Format, timeProvider);
        Stash = new CredentialsStash(Files, Reader);
    }

    /// <inheritdoc/>
    public string Location => _settings.Path;

    /// <inheritdoc/>
    public string LockPath => _settings.LockPath ?? _settings.Path + CredentialsFilePaths.LockSuffix;

    internal IFileOperations Files { get; }

    internal CredentialsFileReader Reader { get; }

    internal CredentialsStash Stash { get; }

    /// <inheritdoc/>
    public async ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default)
    {
        CredentialsFilePaths place = Locate();
        CredentialsFileContent content = await ReadContentAsync(place, known: null, cancellationToken).ConfigureAwait(false);
        OAuthCredentials? latest = Stash.Latest(place, content.Credentials);

        // A file that is written in place has its successor beside it meanwhile. That is removed when the write is done, maybe between our two looks: then what we read is older than what others have got.
        for (var tries = 1; tries < ReadTries && content.InterruptedStash is null && ReferenceEquals(latest, content.Credentials) && Reader.IsMountPoint(place.Target); tries++)
        {
            CredentialsFileContent again = await ReadContentAsync(place, content, cancellationToken).ConfigureAwait(false);
            if (ReferenceEquals(again, content))
            {
                break;
            }

            content = again;
            latest = Stash.Latest(place, content.Credentials);
        }

        return latest;
    }

    /// <inheritdoc/>
    public ValueTask<ReadOnlyMemory<byte>> ReadRecordAsync(CancellationToken cancellationToken = default) =>
        new(ReadLockFile(static file => LockFileFormat.ReadRecord(file).ToArray(), isHint: false) ?? ReadOnlyMemory<byte>.Empty);

    /// <inheritdoc/>
    public ValueTask<LockHolder?> ReadHolderAsync(CancellationToken cancellationToken = default) => new(ReadLockFile(static file =>
    {
        LockHolder? holder = LockFileFormat.ReadHolder(file);

        // A killed holder leaves its block behind, and the system has taken its lock.
        return holder is null || holder.Host == Environment.MachineName && !IsRunning(holder.ProcessId) ? null : holder;
    }, isHint: true));

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
    public Task WaitForChangeAsync(CancellationToken cancellationToken = default) => GetWatch().WaitAsync(_timeProvider, cancellationToken);

    /// <summary>Lets go of the engine and the watch; the last store of a process on this file closes them.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
            if (_engine is not null)
            {
                SharedFileLocks.Return(_engine);
            }

            _watch?.Return();
        }
    }

    /// <summary>Reads the file, or what an interrupted write was to make of it.</summary>
    /// <exception cref="CredentialsFileException">It cannot be understood.</exception>
    internal async ValueTask<CredentialsFileContent> ReadContentAsync(CredentialsFilePaths place, CredentialsFileContent? known, CancellationToken cancellationToken)
    {
        try
        {
            return await Reader.ReadAsync(place.Target, known, cancellationToken).ConfigureAwait(false);
        }
        catch (CredentialsFileException) when (Stash.Interrupted(place) is { } whole)
        {
            return whole;
        }
    }

    /// <inheritdoc cref="ReadContentAsync"/>
    internal CredentialsFileContent? TryReadContent(CredentialsFilePaths place, CredentialsFileContent? known, out CredentialsFileException? problem) =>
        Reader.TryRead(place.Target, known, out problem) ?? Stash.Interrupted(place);

    // The link is followed anew each time: a dotfile manager may have pointed it elsewhere since.
    internal CredentialsFilePaths Locate() => CredentialsFilePaths.Locate(Files, _settings);

    internal CredentialsFileSettings Settings => _settings;

    internal TimeProvider TimeProvider => _timeProvider;

    // Whoever finds the saved token in the file leaves the queue for the lock: an end as good as any, which must not cost an exception in each of dozens of processes.
    private static Task<ICredentialsLease?> WithCancellation(Task<ICredentialsLease?> acquiring, CancellationToken cancellationToken) => acquiring.ContinueWith(
        static (task, token) => task.IsCompletedSuccessfully && task.Result is null && ((CancellationToken)token!).IsCancellationRequested ? Task.FromCanceled<ICredentialsLease?>((CancellationToken)token) : task,
        cancellationToken,
        CancellationToken.None,
        TaskContinuationOptions.ExecuteSynchronously,
        TaskScheduler.Default).Unwrap();

    private static bool IsRunning(int processId)
    {
        try
        {
            using var process = System.Diagnostics.Process.GetProcessById(processId);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private async ValueTask<ICredentialsLease?> AcquireAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        CredentialsFilePaths place = Locate();
        EnsureDirectory(place.Directory);
        KeepEngineOpen(place);
        SharedFileLock engine = SharedFileLocks.Rent(place.LockPath, place.Target);
        LockHandle? hold = null;
        try
        {
            hold = await engine.AcquireAsync(timeout, _timeProvider, _settings.AllowUnreliableLock, cancellationToken).ConfigureAwait(false);
            return hold is null ? null : new FileCredentialsLease(this, place, engine, hold);
        }
        finally
        {
            if (hold is null)
            {
                SharedFileLocks.Return(engine);
            }
        }
    }

    private T? ReadLockFile<T>(Func<SafeFileHandle, T?> read, bool isHint)
        where T : class
    {
        try
        {
            using SafeFileHandle? file = LockFile.OpenForReading(Locate().LockPath);
            return file is null ? null : read(file);
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }
        catch (IOException) when (Directory.Exists(LockPath))
        {
            // Nothing can be noted there, and whoever asks for the lock is told.
            return null;
        }
        catch (IOException e)
        {
            return isHint ? null : throw new LockUnavailableException($"The coordination record in '{LockPath}' cannot be read: {e.Message} Nothing was sent. Mend that, or raise the limit it names.", e);
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
    private void KeepEngineOpen(CredentialsFilePaths place)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_engine?.Path == place.LockPath)
            {
                return;
            }

            SharedFileLock? former = _engine;
            _engine = SharedFileLocks.Rent(place.LockPath, place.Target);
            if (former is not null)
            {
                SharedFileLocks.Return(former);
            }
        }
    }

    private FileChangeWatch GetWatch()
    {
        string target = Locate().Target;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_watch is null || _watchedTarget != target)
            {
                FileChangeWatch? former = _watch;
                _watch = FileChangeWatch.Rent(target);
                _watchedTarget = target;
                former?.Return();
            }

            return _watch;
        }
    }
}
