using System.Globalization;
using TokenRefresh.TestKit;

namespace TokenRefresh.WindowsPath;

/// <content>What the system makes of a replacement, of access rights and of paths, and what a process holds of it.</content>
internal sealed partial class Scenarios
{
    [FailureMode("F48", "F137")]
    private async Task WriterAndReaderAsync()
    {
        using var login = new WindowsLogin(server);
        await First.RunAsync(login.Create());
        await Second.RunAsync(login.Create());
        var looks = 0;
        var missing = 0;
        var reads = new List<string>();

        Task saves = SaveAsync();
        Task looking = Task.Run(() =>
        {
            for (; !saves.IsCompleted; looks++)
            {
                missing += File.Exists(login.Path) ? 0 : 1;
            }
        });
        while (!saves.IsCompleted)
        {
            reads.Add(await Second.RunAsync($"status name={login.Name}"));
        }

        await Task.WhenAll(saves, looking);
        string[] failed = [.. reads.Where(read => !read.EndsWith("problem=-", StringComparison.Ordinal))];
        checks.Expect(
            missing == 0 && failed.Length == 0 && login.Text.Contains($"\"refresh-{SavesAtOnce - 1}\"", StringComparison.Ordinal),
            $"of {Saves} saves none failed beside a process that read {reads.Count} times, and in {looks} looks there was always a file",
            $"{missing} times there was no file; '{string.Join("', '", failed.Distinct(StringComparer.Ordinal))}'; {login.Text}");
        await DisposeAsync(login, [First, Second]);

        async Task SaveAsync()
        {
            for (int i = 0; i < Saves; i += SavesAtOnce)
            {
                await First.RunAsync(string.Create(CultureInfo.InvariantCulture, $"stores {SavesAtOnce} name={login.Name}"));
            }
        }
    }

    [FailureMode("F138")]
    private async Task AccessOfTheTempFileAsync()
    {
        // Wine shows the access control list of a file as its mode, and what is created here may be read by all.
        using var login = new WindowsLogin(server);
        File.SetUnixFileMode(login.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        using ParkedRequest parked = server.ParkNextTokenRequest();
        await First.RunAsync(login.Create());
        Task<string> refresh = await First.StartCommandAsync(login.Get());
        await parked.Arrived;
        string[] temps = login.TempFiles;
        bool isTempPrivate = temps.Length == 1 && !IsForAll(temps[0]);
        parked.Release();
        await refresh;
        bool isPrivate = login.IsSaved && !IsForAll(login.Path);

        File.SetUnixFileMode(login.Path, File.GetUnixFileMode(login.Path) | UnixFileMode.OtherRead);
        await RefreshAsync(First, login);
        bool isStillForAll = login.TokenRequests == 2 && IsForAll(login.Path);

        File.Delete(login.Path);
        await First.RunAsync($"store access refresh in:3600 name={login.Name}");
        bool isNewPrivate = File.Exists(login.Path) && !IsForAll(login.Path);

        checks.Expect(
            isTempPrivate && isPrivate && isStillForAll && isNewPrivate,
            "the temp file has the rights of the credentials before the exchange, a saved file keeps them, a new one is its user's",
            $"temp file {isTempPrivate}, saved {isPrivate}, for all {isStillForAll}, new {isNewPrivate}");
        await DisposeAsync(login, [First]);

        static bool IsForAll(string path) => File.GetUnixFileMode(path).HasFlag(UnixFileMode.OtherRead);
    }

    [FailureMode("F141")]
    private async Task PathsOfNoFileAsync()
    {
        using var login = new WindowsLogin(server);
        string directory = login.WindowsPath[..login.WindowsPath.LastIndexOf('\\')];
        string[] paths =
        [
            "NUL", "con", "CONIN$", @"\\.\COM1", @"\\.\pipe\credentials",
            $@"{directory}\NUL", $@"{directory}\nul.json", $@"{directory}\Aux . ", $@"{directory}\LPT1:",
            $"{login.WindowsPath}:stream", $"{login.WindowsPath}::$DATA",
        ];
        var accepted = new List<string>();
        foreach (string path in paths)
        {
            string asCredentials = await FailAsync(First, login.Create(path: path));
            string asLock = await FailAsync(First, login.Create($"lockpath={Uri.EscapeDataString(path)}"));
            if (!IsRefusal(asCredentials) || !IsRefusal(asLock))
            {
                accepted.Add($"{path}: '{asCredentials}', '{asLock}'");
            }
        }

        checks.Expect(
            accepted.Count == 0,
            $"{paths.Length} paths of devices, pipes and streams are refused by the options, for the credentials and for the lock",
            string.Join("; ", accepted));

        static bool IsRefusal(string reply) => reply.Contains("on Windows", StringComparison.Ordinal)
            && reply.Contains(nameof(TokenRefreshConfigurationException), StringComparison.Ordinal);
    }

    [FailureMode("F141")]
    private async Task LinkToADeviceAsync()
    {
        using var login = new WindowsLogin(server);
        File.Delete(login.Path);
        File.CreateSymbolicLink(login.Path, "/dev/zero");
        await First.RunAsync(login.Create());

        string reply = await First.RunAsync(login.Get());

        checks.Expect(
            login.TokenRequests == 0
                && reply.Contains(nameof(CredentialsFileException), StringComparison.Ordinal)
                && reply.Contains("not a regular file", StringComparison.Ordinal),
            "credentials that are a link to a device are refused",
            reply);
        await DisposeAsync(login, [First]);
    }

    private async Task NothingGrowsAsync()
    {
        using var login = new WindowsLogin(server);
        ChildProcess child = await children.StartAnotherAsync();
        await child.RunAsync(login.Create());
        await RefreshTimesAsync(10);
        (int Threads, int Handles) before = await HeldAsync();

        // The runtime opens a few handles once when it compiles hot methods again, and then no more. One per refresh would be 90.
        const int OfTheRuntime = 9;

        // The pool's threads have handles too. The runtime ends those that were idle for 20 seconds.
        await RefreshTimesAsync(90);
        (int Threads, int Handles) after = default;
        bool isSame = await BecomesAsync(
            async () =>
            {
                after = await HeldAsync();
                return after.Threads <= before.Threads && after.Handles <= before.Handles + OfTheRuntime;
            },
            seconds: 40);

        checks.Expect(
            isSame && login.TokenRequests == 100 && login.TempFiles.Length == 0,
            $"after 100 refreshes a process has no more threads than after 10, {before}, no handle per refresh, and no temp file",
            $"{login.TokenRequests} token requests, {after}, temp files '{string.Join("', '", login.TempFiles)}'");

        async Task RefreshTimesAsync(int count)
        {
            for (int i = 0; i < count; i++)
            {
                await RefreshAsync(child, login);
            }
        }

        async Task<(int Threads, int Handles)> HeldAsync()
        {
            await child.RunAsync("collect");
            string[] held = (await child.RunAsync("held")).Split('=', ' ');
            return (int.Parse(held[1], CultureInfo.InvariantCulture), int.Parse(held[3], CultureInfo.InvariantCulture));
        }
    }

    private async Task RefreshAsync(ChildProcess child, WindowsLogin login)
    {
        IssuedLogin expired = server.IssueLogin(TimeSpan.FromMinutes(-1));
        await child.RunAsync($"store {expired.AccessToken} {expired.RefreshToken} in:-60 name={login.Name}");
        await child.RunAsync(login.Get());
    }
}
