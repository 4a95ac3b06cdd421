using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Logging;
using TokenRefresh.Stores;

namespace TokenRefresh.Keychain;

/// <summary>The file beside the lock that names what the last save of ours left in the item. It holds a hash, and no secret.</summary>
/// <remarks>By it the others notice a save, a reader notices that it read the item before one, and a missing item is told from one that
/// was never stored.</remarks>
internal sealed class KeychainMark(FileCredentialsStore file, ILogger logger)
{
    /// <summary>Reads it.</summary>
    /// <returns>The version of the item; <see langword="null"/> if none was saved, or the last change was a sign-out.</returns>
    /// <exception cref="CredentialsFileException">It is there and cannot be read.</exception>
    internal string? Read()
    {
        CredentialsFileContent? mark = file.Reader.TryRead(file.Resolve(), out CredentialsFileException? problem);
        if (mark is null && !problem!.IsDamaged)
        {
            throw problem;
        }

        try
        {
            return mark is null or { Bytes.Length: 0 }
                ? null
                : JsonSerializer.Deserialize(mark.Bytes, KeychainJson.Default.KeychainMarkContent)?.Version;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Replaces it, under the lease. Does not fail: a reader then reads the item twice, and a waiter polls.</summary>
    internal void Write(string? version, string location)
    {
        CredentialsFilePaths paths = file.Resolve();
        var writer = new CredentialsFileWriter(file.Files, paths, logger);
        try
        {
            CredentialsFileContent? present = file.Reader.TryRead(paths, out CredentialsFileException? problem);
            if (present is null && problem!.IsDamaged)
            {
                file.Files.Delete(paths.Target);
                present = file.Reader.TryRead(paths, out problem);
            }

            writer.Save(
                present ?? throw problem!,
                JsonSerializer.SerializeToUtf8Bytes(new KeychainMarkContent(version), KeychainJson.Default.KeychainMarkContent));
        }
        catch (Exception e) when (e is TokenRefreshException or IOException or UnauthorizedAccessException)
        {
            Log.MarkNotWritten(logger, location, paths.Target, e);
        }
        finally
        {
            writer.Drop();
        }
    }
}

/// <summary>The content of the mark.</summary>
internal sealed record KeychainMarkContent([property: JsonPropertyName("item")] string? Version);

[JsonSerializable(typeof(KeychainMarkContent))]
[JsonSerializable(typeof(string))]
internal sealed partial class KeychainJson : JsonSerializerContext;
