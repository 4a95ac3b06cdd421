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

        // Opened before the lock file: at the death of a process the system closes the lower descriptor first, so that whoever gets the
        // lease of a dead one finds this unlocked.
        using SafeFileHandle inside = Libc.TryOpenRegular($"{path}.inside", forWriting: true, out _, out int errno)
            ?? throw new IOException(Libc.Describe(errno));
        using var store = new FileCredentialsStore(
            new CredentialsFileSettings(path, CredentialsFileFormat.Auto, LockPath: null, AllowUnreliableLock: false, Patience),
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

            overlaps += Libc.Flock(inside, Libc.LockExclusive | Libc.LockNonBlocking) == 0 ? 0 : 1;
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
}
