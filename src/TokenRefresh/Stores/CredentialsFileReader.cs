using TokenRefresh.Interop;
using TokenRefresh.Stores.Json;

namespace TokenRefresh.Stores;

/// <summary>Reads the credentials file without a lock, and without believing a moment in which some other program is writing it.</summary>
internal sealed class CredentialsFileReader(IFileOperations files, CredentialsFileFormat format, TimeProvider timeProvider)
{
    private const int Tries = 5;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private volatile string? _mountPoint;
    private volatile string? _notMountPoint;

    /// <summary>Reads and parses; reads again a few times what is unreadable, or empty as a file is between another program's truncation and its write.</summary>
    /// <param name="path">The file.</param>
    /// <param name="known">What an earlier read found; it is returned again if the bytes are the same.</param>
    /// <param name="cancellationToken">Ends the pauses between the tries.</param>
    /// <exception cref="CredentialsFileException">It stays unreadable.</exception>
    internal ValueTask<CredentialsFileContent> ReadAsync(string path, CredentialsFileContent? known, CancellationToken cancellationToken)
    {
        CredentialsFileContent? content = TryRead(path, known, out _);
        return content is not null && !IsBeingWritten(path, content) ? new(content) : ReadAgainAsync(path, cancellationToken);
    }

    /// <summary>Reads once.</summary>
    /// <returns>The content, or <see langword="null"/> with the reason in <paramref name="problem"/>.</returns>
    internal CredentialsFileContent? TryRead(string path, CredentialsFileContent? known, out CredentialsFileException? problem)
    {
        try
        {
            problem = null;
            byte[] bytes = ReadBytes(path);
            return known is { InterruptedStash: null } && known.Bytes.AsSpan().SequenceEqual(bytes) ? known : new CredentialsFileContent(bytes, CredentialsDocument.Parse(bytes, format));
        }
        catch (CredentialsDocumentException e)
        {
            problem = new CredentialsFileException(path, $"The credentials file '{path}' cannot be understood: {e.Message} It was left as it is; repair it, or delete it and sign in again.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problem = new CredentialsFileException(path, Directory.Exists(path)
                ? $"The credentials path '{path}' is a directory, not a file. Docker creates one where the source of a bind mount is missing. Remove it and sign in again, or correct 'CredentialsPath'."
                : $"The credentials file '{path}' cannot be read: {e.Message} Grant this user access to it, or correct 'CredentialsPath'.", e);
        }

        return null;
    }

    private async ValueTask<CredentialsFileContent> ReadAgainAsync(string path, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            if (TryRead(path, known: null, out CredentialsFileException? problem) is { } content && (tries == Tries || !IsBeingWritten(path, content)))
            {
                return content;
            }

            if (tries == Tries)
            {
                throw problem!;
            }

            await Task.Delay(Pause, timeProvider, cancellationToken).ConfigureAwait(false);
        }
    }

    // Windows has no replacement in one step: between ReplaceFile's two renames there is no file of that name.
    private bool IsBeingWritten(string path, CredentialsFileContent content) => content.Bytes.Length == 0 && (OperatingSystem.IsWindows() || files.Exists(path));

    private byte[] ReadBytes(string path)
    {
        byte[] bytes = files.Read(path) ?? [];
        if (!IsMountPoint(path))
        {
            return bytes;
        }

        // A mounted file is overwritten in place, and half an old one before half a new one can be valid JSON: only what is read twice counts.
        for (var tries = 0; tries < Tries; tries++)
        {
            byte[] again = files.Read(path) ?? [];
            if (again.AsSpan().SequenceEqual(bytes))
            {
                return bytes;
            }

            bytes = again;
        }

        throw new IOException("It changes faster than it can be read.");
    }

    /// <summary>Whether the path is a mount point. The system is asked once for each path; what changes later shows in a rename that fails.</summary>
    internal bool IsMountPoint(string path)
    {
        if (path != _mountPoint && path != _notMountPoint)
        {
            // The other answer stays; a target is looked up again only when a link was moved.
            if (files.IsMountPoint(path))
            {
                _mountPoint = path;
            }
            else
            {
                _notMountPoint = path;
            }
        }

        return path == _mountPoint;
    }
}
