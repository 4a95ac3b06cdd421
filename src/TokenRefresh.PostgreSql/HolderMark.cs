using System.Globalization;
using System.Security.Cryptography;

namespace TokenRefresh.PostgreSql;

/// <summary>
/// Names the holder of a lease, in the <c>application_name</c> of its connection and in the note of an attempt: who, since when, and which
/// of its leases.
/// </summary>
internal static class HolderMark
{
    // NAMEDATALEN - 1: the server cuts a longer application_name off.
    private const int Longest = 63;

    private static readonly string Process = Describe();

    internal static string New(DateTimeOffset since) => string.Create(
        CultureInfo.InvariantCulture,
        $"{since.ToUnixTimeMilliseconds()} {Convert.ToHexString(RandomNumberGenerator.GetBytes(4))} {Process}");

    /// <summary>Reads a mark back; <see langword="null"/> for any other text.</summary>
    internal static LockHolder? Read(string? mark)
    {
        string[] words = mark?.Split(' ', 4) ?? [];
        if (words.Length != 4
            || !long.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out long since)
            || since > DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
            || !int.TryParse(words[2], NumberStyles.None, CultureInfo.InvariantCulture, out int id))
        {
            return null;
        }

        int at = words[3].LastIndexOf('@');
        return at < 0
            ? new LockHolder(id, words[3], "", DateTimeOffset.FromUnixTimeMilliseconds(since))
            : new LockHolder(id, words[3][..at], words[3][(at + 1)..], DateTimeOffset.FromUnixTimeMilliseconds(since));
    }

    // Host names may be longer than there is room, process names too; what is not ASCII would reach the server as '?'.
    private static string Describe()
    {
        const int Rest = 14 + 8 + 3;
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        string name = Clean(process.ProcessName, 16);
        string text = string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId} {name}@");
        return text + Clean(Environment.MachineName, Longest - Rest - text.Length);
    }

    private static string Clean(string text, int length) =>
        string.Concat(text.Select(c => c is > ' ' and < '\x7f' and not '@' ? c : '?').Take(Math.Max(0, length)));
}
