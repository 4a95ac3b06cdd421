using System.Globalization;
using TokenRefresh.Tool.Storage;

namespace TokenRefresh.Tool.Checks;

/// <summary>Looks at the state of the login, and at who holds its lock.</summary>
internal static class LoginChecks
{
    private static readonly TimeSpan LongHold = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Soon = TimeSpan.FromDays(1);

    /// <param name="status">The state.</param>
    /// <param name="now">The time.</param>
    /// <param name="store">Where the login is.</param>
    /// <param name="isDamaged">Whether the file holds no JSON, and a sign-in would move it aside.</param>
    internal static IEnumerable<Finding> Look(
        TokenRefreshStatus status, DateTimeOffset now, StoreKind store = StoreKind.File, bool isDamaged = false)
    {
        yield return OfState(status, now, store, isDamaged);
        if (status.RefreshTokenExpiresAt - now is { } left && left < Soon && left > TimeSpan.Zero)
        {
            yield return Finding.Note(
                "refresh token", $"It expires {Words.Moment(status.RefreshTokenExpiresAt, now)}.", "Run 'token-refresh login' before.");
        }

        if (status.DPoPKeyThumbprint is { } thumbprint)
        {
            yield return Finding.Fine(
                "key",
                $"The login is bound to the key '{thumbprint}' (RFC 9449): what 'token' and 'run' hand out works only with proofs by it, "
                + "which programs with the library make.");
        }

        if (status.LockHolder is { } holder)
        {
            string who = $"Process {holder} on {holder.Host} has held the lock since {Words.Moment(holder.Since, now)}";
            yield return IsStopped(holder.ProcessId)
                ? Finding.Problem("holder", $"{who}, and is stopped.", $"Run 'kill -CONT {holder.ProcessId}', or end that process.")
                : now - holder.Since > LongHold
                    ? Finding.Problem("holder", $"{who}: it hangs.", $"End process {holder.ProcessId}; never delete the lock file.")
                    : Finding.Note("holder", $"{who}: it refreshes.");
        }

        // What cannot be read may be a pipe, which would be waited for.
        if (status.State != TokenRefreshState.Unreadable)
        {
            foreach (Finding finding in OtherLocks(status.Location))
            {
                yield return finding;
            }
        }
    }

    private static Finding OfState(TokenRefreshStatus status, DateTimeOffset now, StoreKind store, bool isDamaged)
    {
        string state = Words.State(status);
        string text = status.Problem is { } problem ? Words.OfTool(problem, store) : $"{char.ToUpperInvariant(state[0])}{state[1..]}.";
        return ExitCode.Of(status) switch
        {
            ExitCode.Healthy => Finding.Fine("login", text),
            ExitCode.TryLater when status.RetryAt is null => Finding.Note("login", text, "Wait, or start the program that refreshes."),
            ExitCode.TryLater => Finding.Note("login", text, $"Wait: the next attempt is made {Words.Moment(status.RetryAt, now)}."),
            ExitCode.File when isDamaged => Finding.Problem(
                "login", text, "Repair it, or run 'token-refresh login', which moves it aside and stores a new login."),
            ExitCode.File => Finding.OfMessage("login", text, store),
            _ when status.State == TokenRefreshState.ExpiredNotRefreshable => Finding.Problem("login", text, "Do what is said there."),
            _ when text.Contains("'token-refresh ", StringComparison.Ordinal) => Finding.Problem("login", text, "Do what is said there."),
            _ => Finding.Problem("login", text, "Run 'token-refresh login'."),
        };
    }

    internal static bool IsStopped(int process)
    {
        string file = string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/stat");
        try
        {
            // The name before the state may hold blanks and brackets.
            string text = File.Exists(file) ? File.ReadAllText(file) : "";
            int end = text.LastIndexOf(')');
            return end > 0 && text.Length > end + 2 && text[end + 2] is 'T' or 't';
        }
        catch (IOException)
        {
            return false;
        }
    }

    // Programs that lock the credentials file itself, which no program of this library does.
    private static IEnumerable<Finding> OtherLocks(string path)
    {
        if (!OperatingSystem.IsLinux() || !File.Exists(path) || !File.Exists("/proc/locks"))
        {
            yield break;
        }

        string? inode;
        try
        {
            using FileStream file = File.Open(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            string descriptor = file.SafeFileHandle.DangerousGetHandle().ToString(CultureInfo.InvariantCulture);
            inode = File.ReadLines($"/proc/self/fdinfo/{descriptor}")
                .FirstOrDefault(line => line.StartsWith("ino:", StringComparison.Ordinal));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            yield break;
        }

        string ending = $":{inode?["ino:".Length..].Trim()}";
        foreach (string[] entry in File.ReadLines("/proc/locks").Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)))
        {
            if (inode is not null && entry.Length > 5 && entry[5].EndsWith(ending, StringComparison.Ordinal) && entry[1] != "->")
            {
                string name = File.Exists($"/proc/{entry[4]}/comm") ? File.ReadAllText($"/proc/{entry[4]}/comm").Trim() : "?";
                yield return Finding.Note(
                    "other locks", $"Process {entry[4]} ({name}) holds a lock on the credentials file itself, which others do not heed.");
            }
        }
    }
}
