using TokenRefresh.Record;
using TokenRefresh.Stores.Json;

namespace TokenRefresh.Tool.Migration;

/// <summary>What a move notes in the coordination records, by which no process uses either copy before it is done.</summary>
/// <remarks>
/// The refresh token counts as used, which every process of the library heeds, and a hold with the cause <see cref="Hold.Moving"/> says
/// that a move noted it, whose remainder may be done later by another process.
/// </remarks>
internal static class MovedRecord
{
    /// <summary>Finds the record of the login that was moved out of a store, where it does not say any more which of its logins that was.
    /// </summary>
    internal static string? FindLogin(ReadOnlySpan<byte> text, CredentialsFileFormat format, OAuthCredentials moved)
    {
        // Those that Auto recognizes.
        CredentialsFileFormat[] formats = ReferenceEquals(format, CredentialsFileFormat.Auto)
            ? [CredentialsFileFormat.ClaudeCode, CredentialsFileFormat.Codex, CredentialsFileFormat.FlatOAuth]
            : [format];
        foreach (CredentialsFileFormat candidate in formats)
        {
            string name = CredentialsJsonReader.NameOf(candidate.Path);
            if (RecordJson.Read(text, name).IsMoving(moved))
            {
                return name;
            }
        }

        return null;
    }

    internal static bool IsUsed(LoginRecord record, OAuthCredentials login) =>
        login.RefreshToken is not null
        && (login.Version is null || login.Version != record.File)
        && Array.IndexOf(record.Used, TokenOf(login)) >= 0;

    /// <summary>Makes the record of a store whose copy must not be used.</summary>
    /// <param name="record">What its record says.</param>
    /// <param name="login">The login.</param>
    /// <param name="obtained">When its access tokens were obtained: not those of another login that was here before.</param>
    /// <param name="now">The time.</param>
    internal static LoginRecord Blocked(LoginRecord record, OAuthCredentials login, ObtainedToken[] obtained, DateTimeOffset now)
    {
        string token = TokenOf(login);
        IEnumerable<string> others = record.Used.Where(used => used != token);
        var moving = new Hold(HoldKind.Rejected, RecordKey.Of(login, Hold.Moving), now, until: null, count: 1) { Cause = Hold.Moving };
        return Copy(
            record,
            obtained,
            file: null,
            [moving, .. Rest(record)],
            [token, .. others.Take(LoginRecord.UsedCapacity - 1)],
            record.Restored == token ? null : record.Restored);
    }

    /// <summary>Makes the record of the store that has the login now.</summary>
    internal static LoginRecord Released(LoginRecord record, OAuthCredentials login)
    {
        string token = TokenOf(login);
        return Copy(record, record.Obtained, login.Version, Rest(record), [.. record.Used.Where(used => used != token)], token);
    }

    /// <summary>Makes the record of the store that had the login: its token stays used there, should an old copy come back.</summary>
    internal static LoginRecord Done(LoginRecord record) =>
        Copy(record, record.Obtained, record.File, Rest(record), record.Used, record.Restored);

    private static string TokenOf(OAuthCredentials login) => Fingerprint.Of(login.RefreshToken ?? "");

    private static Hold[] Rest(LoginRecord record) => Array.FindAll(record.Holds, static hold => hold.Cause != Hold.Moving);

    private static LoginRecord Copy(
        LoginRecord record, ObtainedToken[] obtained, string? file, Hold[] holds, string[] used, string? restored) => new()
        {
            Origin = record.Origin,
            Sequence = record.Sequence,
            File = file,
            Attempt = record.Attempt,
            Holds = holds,
            Obtained = obtained,
            Used = used,
            Restored = restored,
        };
}
