using System.Globalization;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using TokenRefresh.Interop;
using TokenRefresh.Stores;

namespace TokenRefresh.TestProcess;

/// <summary>
/// <c>leases n path=</c> raises the number in a credentials file n times, each under a lease and in the steps of a refresh. What is between
/// preparation and save must never overlap with another process; the file <c>path.inside</c> is locked for so long. Each number that was
/// saved becomes a line of <c>path.saved</c>. Not on Windows.
/// </summary>
internal sealed class LeaseCommands(CommandHost host)
{
    private const string Prefix = "refresh-";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    public void Register()
    {
        if (!OperatingSystem.IsWindows())
        {
            host.Add("leases", RaiseAsync);
        }
    }

    [UnsupportedOSPlatform("windows")]
    private static async Task<string> RaiseAsync(CommandLine line)
    {
        string path = line.Settings["path"];

        using SafeFileHandle inside = Libc.TryOpenRegular($"{path}.inside", forWriting: true, out FileIdentity? identity, out int errno)
            ?? throw new IOException(Libc.Describe(errno));
        using var store = new FileCredentialsStore(
            new CredentialsFileSettings(path, CredentialsFileFormat.Auto, lockPath: null, allowUnreliableLock: false, Patience),
            TimeProvider.System);
        int overlaps = 0;
        int restarts = 0;
        for (int saved = 0; saved < line.Count(0);)
        {
            await using ICredentialsLease lease = await store.AcquireLeaseAsync(Patience)
                ?? throw new TimeoutException("The lease was not had in time.");
            OAuthCredentials? stored = await lease.ReadAsync();
            if (!await lease.PrepareAsync() || !OAuthCredentials.AreSameLogin(stored, await lease.ReadAsync()))
            {
                restarts++;
                await Task.Delay(Pause, TimeProvider.System);
                continue;
            }

            if (Libc.Flock(inside, Libc.LockExclusive | Libc.LockNonBlocking) != 0)
            {
                overlaps += IsHeldByLivingProcess(identity!.Inode) ? 1 : 0;
                Libc.Flock(inside, Libc.LockExclusive);
            }

            int number = int.Parse(stored!.RefreshToken.AsSpan(Prefix.Length), CultureInfo.InvariantCulture) + 1;
            string text = number.ToString(CultureInfo.InvariantCulture);
            await lease.WriteRecordAsync(System.Text.Encoding.UTF8.GetBytes(text), durable: true);
            Libc.Flock(inside, Libc.LockUnlock);
            CredentialsCommit commit = await lease.CommitAsync(
                stored, new OAuthCredentials($"access-{text}", Prefix + text, DateTimeOffset.MaxValue) { ContinuesLogin = true });
            if (commit.IsCommitted)
            {
                saved++;
                await File.AppendAllTextAsync($"{path}.saved", $"{text}\n");
            }
        }

        return $"overlaps={overlaps} restarts={restarts}";
    }

    // At the death of a process the system closes its descriptors one by one, so that another one may have the lease of a dead process
    // while that still holds this lock. Linux says who holds it, and sets the flag PF_EXITING of such a process before it closes the first.
    private static bool IsHeldByLivingProcess(ulong inode)
    {
        const int Exiting = 4;
        string ending = string.Create(CultureInfo.InvariantCulture, $":{inode}");
        string? holder = File.ReadLines("/proc/locks")
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .FirstOrDefault(words => words[1] == "FLOCK" && words[5].EndsWith(ending, StringComparison.Ordinal))?[4];
        try
        {
            // The ninth field; the second is the name, in parentheses.
            string flags = holder is null ? "4" : File.ReadAllText($"/proc/{holder}/stat").Split(") ")[^1].Split(' ')[6];
            return (int.Parse(flags, CultureInfo.InvariantCulture) & Exiting) == 0;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
