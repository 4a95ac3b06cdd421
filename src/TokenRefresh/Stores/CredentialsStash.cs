using TokenRefresh.Record;
using TokenRefresh.Interop;


namespace TokenRefresh.Stores;

/// <summary>Where a pair waits that could not take the place of the one it was exchanged for: a whole credentials document beside the target.</summary>
/// <remarks>
/// Its name holds the fingerprint of the pair that is still stored, so it counts for exactly as long as that pair is what the file says. It appears and disappears in one step each, and any reader may look for it.
/// </remarks>
internal sealed class CredentialsStash(IFileOperations files, CredentialsFileReader reader)
{
    internal const string Suffix = ".tokenrefresh.stash";

    /// <summary>Where the successor of a stored pair would be; <see langword="null"/> for a login that cannot be exchanged.</summary>
    internal static string? PathOf(CredentialsFilePaths place, OAuthCredentials? stored) =>
        stored?.RefreshToken is null ? null : $"{place.Target}.{Fingerprint.Of($"{stored.RefreshToken}\n{stored.AccessToken}")}{Suffix}";

    /// <summary>The successor that waits beside the stored pair, otherwise the stored pair itself.</summary>
    internal OAuthCredentials? Latest(CredentialsFilePaths place, OAuthCredentials? stored) =>
        PathOf(place, stored) is { } path && files.Exists(path) && reader.TryRead(path, known: null, out _)?.Credentials is { IsSignedOut: false } successor ? successor : stored;

    /// <summary>What a mounted file that cannot be understood was to become: its write in place was interrupted.</summary>
    /// <remarks>Only there: any other damaged file is somebody else's, and is left alone.</remarks>
    internal CredentialsFileContent? Interrupted(CredentialsFilePaths place)
    {
        if (!reader.IsMountPoint(place.Target) || files.List(place.Directory, place.TempPrefix, Suffix).Where(place.IsStash).ToArray() is not [string stash])
        {
            return null;
        }

        return reader.TryRead(stash, known: null, out _) is { Credentials.IsSignedOut: false } content
            ? content with { Bytes = files.Read(place.Target) ?? [], InterruptedStash = stash }
            : null;
    }
}
