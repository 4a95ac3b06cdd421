using System.Text.Json;
using Microsoft.Extensions.Logging;
using TokenRefresh.Diagnostics;
using TokenRefresh.Keychain.Linux;
using TokenRefresh.Keychain.MacOS;
using TokenRefresh.Keychain.Windows;
using TokenRefresh.Stores;

namespace TokenRefresh.Keychain;

/// <summary>
/// Keeps the login in the keychain of the system: in the Secret Service on Linux, in the macOS keychain, on Windows in a file that DPAPI
/// encrypts for the user.
/// </summary>
/// <remarks>
/// Safe for concurrent use. The item is the whole JSON document; what other programs keep in it stays. The lease is a lock file in the
/// user's state directory, since keychains have neither locks nor compare-and-swap. Nothing that was read is kept: each read asks the
/// keychain. Dispose it after the provider.
/// </remarks>
public sealed class KeychainCredentialsStore : ICredentialsStore, IDisposable
{
    private const int Room = 512;

    private static readonly TimeSpan SlowPoll = TimeSpan.FromSeconds(5);

    private readonly object _lock = new();
    private readonly IKeychain? _keychain;

    // Lock, record, sign-in lock and change watch. Its file is the mark, and on Windows the login itself.
    private readonly FileCredentialsStore _coordination;
    private readonly KeychainMark _mark;
    private readonly FileCredentialsStore? _fallback;
    private readonly ILogger _logger;
    private Task _overdue = Task.CompletedTask;
    private volatile FileCredentialsStore? _usedFile;
    private volatile bool _isChosen;
    private volatile bool _isTried;

    /// <summary>Creates the store. Touches neither the keychain nor the disk.</summary>
    /// <param name="options">The item and the time limits; copied.</param>
    /// <param name="timeProvider">The clock; <see langword="null"/> for the system's.</param>
    /// <param name="loggerFactory">Makes the logger; <see langword="null"/> for no logs.</param>
    /// <exception cref="TokenRefreshConfigurationException">An option is out of its range, or the system knows no home directory of this
    /// user and <see cref="KeychainOptions.StateDirectory"/> is not set.</exception>
    public KeychainCredentialsStore(KeychainOptions options, TimeProvider? timeProvider = null, ILoggerFactory? loggerFactory = null)
        : this(options, login: null, timeProvider, loggerFactory, KeychainOf)
    {
    }

    internal KeychainCredentialsStore(
        KeychainOptions options,
        TokenRefreshOptions? login,
        TimeProvider? timeProvider,
        ILoggerFactory? loggerFactory,
        Func<KeychainOptions, IKeychain?> keychain)
    {
        ArgumentNullException.ThrowIfNull(options);
        Options = options.Validated(login);
        Item = new(Options.Service, Options.Account);
        Time = timeProvider ?? TimeProvider.System;
        _logger = NonThrowingLogger.Of(loggerFactory);
        string path = Path.Combine(Options.StateDirectory ?? StateDirectory.Find(), StateDirectory.NameOf(Item));
        _keychain = keychain(Options);
        if (_keychain is not null)
        {
            _coordination = NewFileStore(path + ".json", CredentialsFileFormat.Auto);
            _fallback = Options.FallbackPath is null ? null : NewFileStore(CredentialsPath.Resolve(Options.FallbackPath), Options.Format);
        }
        else if (OperatingSystem.IsWindows())
        {
            _coordination = _usedFile = NewFileStore(path + ".dpapi", Options.Format, ProtectedFileOperations.ForThisUser());
            _isChosen = true;
        }
        else
        {
            throw new PlatformNotSupportedException();
        }

        _mark = new KeychainMark(_coordination, _logger);
    }

    /// <inheritdoc/>
    public string Location => _usedFile?.Location ?? $"item '{Item.Service}' of '{Item.Account}' in {_keychain!.Name}";

    /// <inheritdoc/>
    public string LockPath => (_usedFile ?? _coordination).LockPath;

    internal KeychainOptions Options { get; }

    internal KeychainItem Item { get; }

    internal TimeProvider Time { get; }

    /// <inheritdoc/>
    public async ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default) =>
        await FindFileAsync(cancellationToken).ConfigureAwait(false) is { } file
            ? await file.ReadAsync(cancellationToken).ConfigureAwait(false)
            : (await ReadDocumentAsync(Options.ReadTimeout, cancellationToken).ConfigureAwait(false)).Credentials;

    /// <inheritdoc/>
    public async ValueTask<ReadOnlyMemory<byte>> ReadRecordAsync(CancellationToken cancellationToken = default) =>
        await (await FindFileAsync(cancellationToken).ConfigureAwait(false) ?? _coordination)
            .ReadRecordAsync(cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask<LockHolder?> ReadHolderAsync(CancellationToken cancellationToken = default) =>
        await (await FindFileAsync(cancellationToken).ConfigureAwait(false) ?? _coordination)
            .ReadHolderAsync(cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask<ICredentialsLease?> AcquireLeaseAsync(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        FileCredentialsStore? file = await FindFileAsync(cancellationToken).ConfigureAwait(false);
        ICredentialsLease? lease =
            await (file ?? _coordination).AcquireLeaseAsync(timeout, cancellationToken).ConfigureAwait(false);
        return lease is null || file is not null ? lease : new KeychainLease(this, lease);
    }

    /// <inheritdoc/>
    public async ValueTask<IAsyncDisposable?> AcquireSignInLeaseAsync(CancellationToken cancellationToken = default) =>
        await (await FindFileAsync(cancellationToken).ConfigureAwait(false) ?? _coordination)
            .AcquireSignInLeaseAsync(cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public Task WaitForChangeAsync(CancellationToken cancellationToken = default) =>
        _usedFile is { } file ? file.WaitForChangeAsync(cancellationToken) : WaitForMarkAsync(cancellationToken);

    /// <summary>Lets go of the lock file and of the connection to the keychain; of the latter once a write that has begun has ended.
    /// </summary>
    public void Dispose()
    {
        _coordination.Dispose();
        _fallback?.Dispose();
        lock (_lock)
        {
            _ = _overdue.ContinueWith(
                _ => _keychain?.Dispose(),
                CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
        }
    }

    /// <summary>Reads the item, from the keychain and never from memory.</summary>
    /// <exception cref="CredentialsFileException">It cannot be read, or understood, or is gone.</exception>
    internal async ValueTask<KeychainDocument> ReadDocumentAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        try
        {
            for (var tries = 1; ; tries++)
            {
                byte[]? bytes = await LimitAsync(
                    ended => _keychain!.ReadAsync(Item, ended), limit, cancellationToken).ConfigureAwait(false);
                var document = KeychainDocument.Parse(bytes, Options.Format);
                string? saved = _mark.Read();
                if (saved is null || saved == document.Version)
                {
                    return document;
                }

                // Another content than the last save of ours left: it was read before that save, unless another program wrote the item.
                if (tries > 1)
                {
                    return bytes is null ? throw Gone() : document;
                }
            }
        }
        catch (KeychainException e)
        {
            throw new CredentialsFileException(Location, $"The {Location} cannot be read: {e.Message} It was left as it is.", e)
            {
                IsTransient = e.Failure == KeychainFailure.TimedOut,
                IsDamaged = e.Failure == KeychainFailure.Gone,
            };
        }
    }

    /// <summary>Reads the whole document.</summary>
    /// <exception cref="CredentialsFileException">It cannot be read.</exception>
    internal async ValueTask<ReadOnlyMemory<byte>> ReadBytesAsync(CancellationToken cancellationToken) =>
        await FindFileAsync(cancellationToken).ConfigureAwait(false) is { } file
            ? (await file.Reader.ReadAsync(file.Resolve(), cancellationToken).ConfigureAwait(false)).Bytes
            : (await ReadDocumentAsync(Options.ReadTimeout, cancellationToken).ConfigureAwait(false)).Bytes;

    /// <summary>Finds the process of the keychain's service, where it has one and that is known.</summary>
    internal async Task<int?> FindServiceAsync(CancellationToken cancellationToken) =>
        _keychain is SecretService service ? await service.FindProcessAsync(cancellationToken).ConfigureAwait(false) : null;

    /// <summary>Writes an item, or deletes it where there is no content.</summary>
    internal Task WriteAsync(KeychainItem item, byte[]? content, TimeSpan limit, Action<Task> onOverdue) => LimitAsync(
        async ended =>
        {
            await (content is null
                ? _keychain!.DeleteAsync(item, ended)
                : _keychain!.WriteAsync(item, content, ended)).ConfigureAwait(false);
            return true;
        },
        limit,
        CancellationToken.None,
        overdue =>
        {
            lock (_lock)
            {
                _overdue = Task.WhenAll(_overdue, overdue);
                Guarded.Forget(_overdue);
            }

            onOverdue(overdue);
        });

    /// <summary>Makes sure, once, that an item can be written, read and deleted, and at each call that one of this size can be.</summary>
    /// <exception cref="KeychainException">It cannot.</exception>
    internal async Task CheckWritableAsync(ReadOnlyMemory<byte> content, Action<Task> onOverdue, CancellationToken cancellationToken)
    {
        // With room for tokens that are longer than the present ones: once they are issued, it is too late.
        byte[] next = new byte[content.Length + Room];
        content.Span.CopyTo(next);
        next.AsSpan(content.Length).Fill((byte)' ');
        if (_keychain!.FindProblem(Item, next) is { } problem)
        {
            throw new KeychainException(
                KeychainFailure.TooLarge, $"The document is too large: {problem}. Keep this login in the credentials file.");
        }

        if (_isTried)
        {
            return;
        }

        KeychainItem trial = Item with { Account = Item.Account + " (write test)" };
        byte[] text = JsonSerializer.SerializeToUtf8Bytes(Guid.NewGuid().ToString("N"), KeychainJson.Default.String);
        await WriteAsync(trial, text, Options.WriteTimeout, onOverdue).ConfigureAwait(false);
        byte[]? read = await LimitAsync(
            ended => _keychain.ReadAsync(trial, ended), Options.ReadTimeout, cancellationToken).ConfigureAwait(false);
        await WriteAsync(trial, null, Options.WriteTimeout, onOverdue).ConfigureAwait(false);
        if (!text.AsSpan().SequenceEqual(read))
        {
            throw new KeychainException(
                KeychainFailure.Failed,
                "An item that was written as a test was not read back. Look into the log of the keychain's service.");
        }

        _isTried = true;
    }

    /// <summary>Notes what a save left in the item, by which the others notice the save. Under the lease.</summary>
    internal void WriteMark(string? version) => _mark.Write(version, Location);

    /// <summary>Gives the lock back, once a write has ended whose time limit is over: nothing of ours is written without the lock.
    /// </summary>
    internal void ReleaseAfter(Task overdue, ICredentialsLease lease)
    {
        Log.LockKept(_logger, Location, lease.LockPath);
        _ = overdue.ContinueWith(
            _ => lease.DisposeAsync().AsTask(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    internal static IKeychain? KeychainOf(KeychainOptions options) =>
        OperatingSystem.IsWindows() ? null
        : OperatingSystem.IsMacOS() ? new SecurityProgram(SecurityProgram.DefaultPath)
        : new SecretService(SecretService.FindBus(StateDirectory.UserId), options.AllowPrompt);

    private static KeychainException Gone() => new(
        KeychainFailure.Gone,
        "It was stored and is gone: its keyring was replaced, the service was started again without it, or another program deleted it. "
        + "Bring the keyring back, or sign in again.");

    private FileCredentialsStore NewFileStore(string path, CredentialsFileFormat format, ProtectedFileOperations? files = null) => new(
        new(path, format, lockPath: null, allowUnreliableLock: false, Options.WriteTimeout), Time, files, _logger);

    private async Task<T> LimitAsync<T>(
        Func<CancellationToken, Task<T>> call, TimeSpan limit, CancellationToken cancellationToken, Action<Task>? onOverdue = null)
    {
        using var timedOut = new CancellationTokenSource(limit > TimeSpan.Zero ? limit : TimeSpan.Zero, Time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timedOut.Token);
        Task<T> running = call(ended.Token);
        try
        {
            return await running.WaitAsync(ended.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            Guarded.Forget(running);
            onOverdue?.Invoke(running);
            throw new KeychainException(
                KeychainFailure.TimedOut,
                $"The keychain did not answer within '{limit}'. Find out why: its service is stopped, or waits for its user.",
                e);
        }
        catch (OperationCanceledException)
        {
            Guarded.Forget(running);
            throw;
        }
    }

    // Programs that are not ours change the item alone, and a keychain tells no one.
    private async Task WaitForMarkAsync(CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task change = _coordination.WaitForChangeAsync(ended.Token);
        await Task.WhenAny(change, Task.Delay(SlowPoll, Time, ended.Token)).ConfigureAwait(false);
        await ended.CancelAsync().ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        if (change.IsFaulted)
        {
            await change.ConfigureAwait(false);
        }
    }

    // Decided once, by the first call that can tell. Where the keychain has held the login, a file may hold an older one, whose refresh
    // token is used.
    private async ValueTask<FileCredentialsStore?> FindFileAsync(CancellationToken cancellationToken)
    {
        if (_isChosen || _fallback is null)
        {
            return _usedFile;
        }

        if (_mark.Read() is null && (File.Exists(_fallback.Location) || await IsUnavailableAsync(cancellationToken).ConfigureAwait(false)))
        {
            lock (_lock)
            {
                if (_usedFile is null)
                {
                    Log.FileUsed(_logger, Location, _fallback.Location);
                    _usedFile = _fallback;
                }
            }
        }

        _isChosen = true;
        return _usedFile;
    }

    private async ValueTask<bool> IsUnavailableAsync(CancellationToken cancellationToken)
    {
        try
        {
            await LimitAsync(
                ended => _keychain!.ReadAsync(Item, ended), Options.ReadTimeout, cancellationToken).ConfigureAwait(false);
            return false;
        }
        catch (KeychainException e)
        {
            return e.Failure == KeychainFailure.Unavailable;
        }
    }
}
