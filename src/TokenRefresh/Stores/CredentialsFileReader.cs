using TokenRefresh.Interop;
using TokenRefresh.Stores.Json;

namespace TokenRefresh.Stores;

/// <summary>Reads the credentials file without a lock, and again where another program seems to be writing it.</summary>
internal sealed class CredentialsFileReader(IFileOperations files, CredentialsFileFormat format, TimeProvider timeProvider)
{
    private const int Tries = 5;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    // What was parsed last. A process reads the same bytes many times.
    private volatile CredentialsFileContent? _last;

    /// <summary>Gets what the last read found.</summary>
    internal CredentialsFileContent? Last => _last;

    /// <summary>Reads and parses; reads again a few times what is unreadable, or empty as a file is between another program's truncation
    /// and its write.</summary>
    /// <exception cref="CredentialsFileException">It stays unreadable.</exception>
    internal ValueTask<CredentialsFileContent> ReadAsync(CredentialsFilePaths paths, CancellationToken cancellationToken)
    {
        CredentialsFileContent? content = TryReadOnce(paths.Target, out CredentialsFileException? problem);
        if (content is not null && !IsBeingWritten(content))
        {
            return new(content);
        }

        if (content is null && !IsTorn(problem!))
        {
            throw problem!;
        }

        return ReadAgainAsync(paths, cancellationToken);
    }

    /// <summary>Reads once.</summary>
    /// <returns>The content, or <see langword="null"/> with the reason in <paramref name="problem"/>.</returns>
    internal CredentialsFileContent? TryRead(CredentialsFilePaths paths, out CredentialsFileException? problem) =>
        TryReadOnce(paths.Target, out problem) ?? (IsTorn(problem!) ? TryReadBackup(paths) : null);

    /// <summary>Reads a file that can be replaced and holds no JSON.</summary>
    /// <returns>Its bytes, all of them; <see langword="null"/> if it is another one, or cannot be read.</returns>
    internal byte[]? TryReadDamaged(CredentialsFilePaths paths)
    {
        byte[]? bytes = null;
        try
        {
            bytes = files.Read(paths.Target, out _, out bool isMountPoint);
            CredentialsDocument.Parse(isMountPoint ? null : bytes, format);
        }
        catch (CredentialsDocumentException e) when (!e.IsJson)
        {
            return bytes;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CredentialsDocumentException)
        {
            // Not ours to move.
        }

        return null;
    }

    private static bool IsTorn(CredentialsFileException problem) => problem.InnerException is CredentialsDocumentException;

    // Many programs on Windows save by ReplaceFile, between whose two renames there is no file of that name.
    private static bool IsBeingWritten(CredentialsFileContent content) =>
        content.Bytes.Length == 0 && (content.Exists || OperatingSystem.IsWindows());

    private async ValueTask<CredentialsFileContent> ReadAgainAsync(CredentialsFilePaths paths, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            CredentialsFileContent? content = TryReadOnce(paths.Target, out CredentialsFileException? problem);
            if (content is not null && (tries >= Tries || !IsBeingWritten(content)))
            {
                return content;
            }

            if (content is null && tries >= Tries)
            {
                return TryReadBackup(paths) ?? throw problem!;
            }

            await Task.Delay(Pause, timeProvider, cancellationToken).ConfigureAwait(false);
        }
    }

    private CredentialsFileContent? TryReadOnce(string path, out CredentialsFileException? problem)
    {
        var isMountPoint = false;
        try
        {
            problem = null;
            byte[]? bytes = ReadBytes(path, out FileIdentity? identity, out isMountPoint);
            bool exists = bytes is not null;
            bytes ??= [];
            CredentialsFileContent? last = _last;
            if (last is null || !last.Bytes.AsSpan().SequenceEqual(bytes))
            {
                return _last = new CredentialsFileContent(bytes, CredentialsDocument.Parse(bytes, format), exists, identity, isMountPoint);
            }

            if (last.Exists != exists
                || last.IsMountPoint != isMountPoint
                || identity is null
                || last.Identity?.HasSameContentAs(identity) != true)
            {
                _last = last = new CredentialsFileContent(last.Bytes, last.Document, exists, identity, isMountPoint);
            }

            return last;
        }
        catch (CredentialsDocumentException e)
        {
            bool isDamaged = !e.IsJson && !isMountPoint;
            problem = new CredentialsFileException(
                path,
                $"The credentials file '{path}' cannot be understood: {e.Message} It was left as it is; repair it, or "
                + (isDamaged ? "sign in again, which moves it aside." : "delete it and sign in again."),
                e)
            {
                IsDamaged = isDamaged,
            };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problem = new CredentialsFileException(
                path,
                Directory.Exists(path)
                    ? $"The credentials path '{path}' is a directory, not a file. Docker creates one where the source of a bind mount is "
                        + "missing. Remove it and sign in again, or correct 'CredentialsPath'."
                    : $"The credentials file '{path}' cannot be read: {e.Message} "
                        + (FileErrors.IsExhausted(e) ? FileErrors.ExhaustedRemedy
                            : e is UnauthorizedAccessException ? "Grant this user access to it, or correct 'CredentialsPath'."
                            : "Check what stands there, or correct 'CredentialsPath'."),
                e)
            {
                IsTransient = FileErrors.IsExhausted(e),
            };
        }

        return null;
    }

    private byte[]? ReadBytes(string path, out FileIdentity? identity, out bool isMountPoint)
    {
        byte[]? bytes = files.Read(path, out identity, out isMountPoint);

        // A mounted file is overwritten in place, and half an old one before half a new one can be valid JSON: only what is read twice
        // counts.
        for (var tries = 0; isMountPoint; tries++)
        {
            byte[]? again = files.Read(path, out identity, out isMountPoint);
            if (again.AsSpan().SequenceEqual(bytes))
            {
                break;
            }

            if (tries == Tries)
            {
                throw new IOException("It changes faster than it can be read.");
            }

            bytes = again;
        }

        return bytes;
    }

    // If a write in place was interrupted, a mounted file cannot be understood, and the temp file has what it was to become. Not for other
    // files: what damaged them was another program, and they are left alone.
    private CredentialsFileContent? TryReadBackup(CredentialsFilePaths paths)
    {
        try
        {
            byte[]? torn = files.Read(paths.Target, out FileIdentity? identity, out bool isMountPoint);
            if (torn is null || !isMountPoint || paths.FindTempFiles(files) is not [string backup])
            {
                return null;
            }

            byte[]? whole = files.Read(backup, out FileIdentity? backupIdentity, out _);
            if (whole is null || !FileOperations.IsOurs(backupIdentity, identity))
            {
                return null;
            }

            var document = CredentialsDocument.Parse(whole, format);
            return document.Credentials is { IsSignedOut: false }
                ? new CredentialsFileContent(torn, document, exists: true, identity, isMountPoint) { BackupPath = backup }
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CredentialsDocumentException)
        {
            return null;
        }
    }
}
