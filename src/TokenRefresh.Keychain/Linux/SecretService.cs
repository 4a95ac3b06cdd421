using System.Net.Sockets;
using Tmds.DBus.Protocol;

namespace TokenRefresh.Keychain.Linux;

/// <summary>The Secret Service of the session bus: gnome-keyring, KWallet, KeePassXC.</summary>
/// <remarks>Its session is kept, and opened again where the service was started again.</remarks>
internal sealed class SecretService(string? address, bool allowPrompt) : IKeychain
{
    // What the library reads of a file at most.
    private const int LargestContent = 16 * 1024 * 1024;

    private readonly object _lock = new();
    private Task<SecretServiceSession>? _session;
    private bool _isDisposed;

    public string Name => "the Secret Service";

    /// <summary>Finds the session bus of this user, whose address a service or a job that is started by a timer is not told.</summary>
    internal static string? FindBus(uint userId)
    {
        string path = $"/run/user/{userId}/bus";
        return Environment.GetEnvironmentVariable("DBUS_SESSION_BUS_ADDRESS") is { Length: > 0 } address ? address
            : File.Exists(path) ? $"unix:path={path}"
            : null;
    }

    public string? FindProblem(KeychainItem item, ReadOnlyMemory<byte> content) =>
        content.Length > LargestContent ? $"it has {content.Length} bytes, and at most {LargestContent} are stored" : null;

    public Task<byte[]?> ReadAsync(KeychainItem item, CancellationToken cancellationToken) => WithSessionAsync(async session =>
        await FindAsync(session, item, cancellationToken).ConfigureAwait(false) is { } path
            ? await session.GetSecretAsync(path).ConfigureAwait(false)
            : null);

    public Task WriteAsync(KeychainItem item, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        WithSessionAsync(async session =>
        {
            string? path = await FindAsync(session, item, cancellationToken).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            await (path is null
                ? CreateAsync(session, item, content, cancellationToken)
                : session.SetSecretAsync(path, content)).ConfigureAwait(false);
            return true;
        });

    public Task DeleteAsync(KeychainItem item, CancellationToken cancellationToken) => WithSessionAsync(async session =>
    {
        if (await FindAsync(session, item, cancellationToken).ConfigureAwait(false) is { } path)
        {
            cancellationToken.ThrowIfCancellationRequested();
            string prompt = await session.DeleteAsync(path).ConfigureAwait(false);
            await AgreeAsync(session, prompt, cancellationToken).ConfigureAwait(false);
        }

        return true;
    });

    /// <summary>Asks the bus, which answers although the service is stopped.</summary>
    internal async Task<int?> FindProcessAsync(CancellationToken cancellationToken)
    {
        if (address is null)
        {
            return null;
        }

        try
        {
            return await SecretServiceSession.FindProcessAsync(address).WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (DBusExceptionBase)
        {
            return null;
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            Forget_NeedsLock();
        }
    }

    private static async Task<string?> FindLockedCollectionAsync(SecretServiceSession session)
    {
        string collection = await session.FindDefaultCollectionAsync().ConfigureAwait(false);
        return collection != SecretServiceSession.None && await session.IsLockedAsync(collection).ConfigureAwait(false)
            ? collection
            : null;
    }

    private async Task<T> WithSessionAsync<T>(Func<SecretServiceSession, Task<T>> act)
    {
        for (var tries = 1; ; tries++)
        {
            Task<SecretServiceSession> opening = GetSession();
            try
            {
                return await act(await opening.ConfigureAwait(false)).ConfigureAwait(false);
            }
            catch (Exception e) when (e is DBusExceptionBase or SocketException or IOException)
            {
                // Not for any error: its connection may have a write of another call under way.
                if (opening.IsFaulted || e is not DBusErrorReplyException || SecretServiceErrors.IsStale(e))
                {
                    Forget(opening);
                }

                if (tries > 1 || !SecretServiceErrors.IsStale(e))
                {
                    throw SecretServiceErrors.Of(e);
                }
            }
        }
    }

    private Task<SecretServiceSession> GetSession()
    {
        if (address is null)
        {
            throw SecretServiceErrors.NoBus();
        }

        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            return _session ??= SecretServiceSession.OpenAsync(address);
        }
    }

    private void Forget(Task<SecretServiceSession> opening)
    {
        lock (_lock)
        {
            if (_session == opening)
            {
                Forget_NeedsLock();
            }
        }
    }

    private void Forget_NeedsLock()
    {
        _ = _session?.ContinueWith(
            static opening => opening.Result.Dispose(),
            CancellationToken.None,
            TaskContinuationOptions.OnlyOnRanToCompletion,
            TaskScheduler.Default);
        _session = null;
    }

    // Null only if nothing is locked in which it could be.
    private async Task<string?> FindAsync(SecretServiceSession session, KeychainItem item, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            (string[] unlocked, string[] locked) = await session.SearchAsync(item).ConfigureAwait(false);
            if (unlocked.Length + locked.Length > 1)
            {
                throw SecretServiceErrors.Several();
            }

            if (unlocked.Length == 1)
            {
                return unlocked[0];
            }

            string? obstacle = locked.Length == 1 ? locked[0] : await FindLockedCollectionAsync(session).ConfigureAwait(false);
            if (obstacle is null)
            {
                return null;
            }

            (string[] opened, string prompt) = tries == 1
                ? await session.UnlockAsync(obstacle).ConfigureAwait(false)
                : throw SecretServiceErrors.Locked();
            if (!opened.Contains(obstacle))
            {
                await AgreeAsync(session, prompt, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task CreateAsync(
        SecretServiceSession session, KeychainItem item, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        string collection = await session.FindDefaultCollectionAsync().ConfigureAwait(false);
        if (collection == SecretServiceSession.None)
        {
            throw SecretServiceErrors.NoKeyring();
        }

        cancellationToken.ThrowIfCancellationRequested();
        (_, string prompt) = await session.CreateItemAsync(collection, item, content).ConfigureAwait(false);
        await AgreeAsync(session, prompt, cancellationToken).ConfigureAwait(false);
    }

    private async Task AgreeAsync(SecretServiceSession session, string prompt, CancellationToken cancellationToken)
    {
        if (prompt == SecretServiceSession.None)
        {
            return;
        }

        if (!allowPrompt)
        {
            await session.DismissAsync(prompt).ConfigureAwait(false);
            throw SecretServiceErrors.Locked();
        }

        if (!await session.PromptAsync(prompt, cancellationToken).ConfigureAwait(false))
        {
            throw SecretServiceErrors.Locked();
        }
    }
}
