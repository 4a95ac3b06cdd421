namespace TokenRefresh.WindowsPath;

/// <content>What other programs do with the files, and what the files are.</content>
internal sealed partial class Scenarios
{
    private async Task LockFileStaysAsync()
    {
        using var login = new WindowsLogin(server);
        using ParkedRequest parked = server.ParkNextTokenRequest();
        await First.RunAsync(login.Create());
        Task<string> holder = await First.StartCommandAsync(login.Get());
        await parked.Arrived;

        string reply = await FailAsync(Second, $"delete path={Uri.EscapeDataString(login.WindowsLockPath)}");

        parked.Release();
        await holder;
        checks.Expect(
            reply.Length > 0 && File.Exists(login.LockPath),
            "the lock file cannot be deleted while it is held",
            reply);
        await DisposeAsync(login, [First]);
    }

    [FailureMode("F132")]
    private async Task LockPathThatIsTheCredentialsAsync()
    {
        using var login = new WindowsLogin(server);
        string before = login.Text;
        (string What, string Path)[] names =
        [
            ("their name in capitals", login.WindowsPath.ToUpperInvariant()),
            ("their short name", await ShortNameOfAsync(login)),
            ("a hard link to them", WindowsLogin.ToWindows(login.CreateHardLink())),
        ];
        foreach ((string what, string path) in names)
        {
            await First.RunAsync(login.Create($"lockpath={Uri.EscapeDataString(path)}"));

            string reply = await First.RunAsync(login.Get());

            checks.Expect(
                login.TokenRequests == 0
                    && login.Text == before
                    && reply.Contains("is the credentials file itself", StringComparison.Ordinal),
                $"a lock path that names the credentials by {what} is refused, and the login stays",
                $"{login.TokenRequests} token requests, {reply}");
            await DisposeAsync(login, [First]);
        }
    }

    [FailureMode("F132")]
    private async Task ShortNameAsync()
    {
        using var login = new WindowsLogin(server);
        using ParkedRequest parked = server.ParkNextTokenRequest();
        string shortName = await ShortNameOfAsync(login);
        await First.RunAsync(login.Create());
        await Second.RunAsync(login.Create(path: shortName));
        Task<string> first = await First.StartCommandAsync(login.Get());
        await parked.Arrived;

        Task<string> second = await Second.StartCommandAsync(login.Get());
        await Second.RunAsync("echo waiting");
        parked.Release();
        string[] replies = await Task.WhenAll(first, second);

        int lockFiles = Directory.GetFiles(Path.GetDirectoryName(login.Path)!, "*.lock").Length;
        checks.Expect(
            shortName.Contains('~', StringComparison.Ordinal)
                && login.TokenRequests == 1
                && lockFiles == 1
                && Succeeded(replies[0])
                && replies[0] == replies[1],
            "the credentials and their short name have one lock, and cost one token request",
            $"'{shortName}', {login.TokenRequests} token requests, {lockFiles} lock files, '{string.Join("', '", replies)}'");
        await DisposeAsync(login, [First, Second]);
    }

    [FailureMode("F48")]
    private async Task SharingReaderAsync()
    {
        using var login = new WindowsLogin(server);
        await First.RunAsync(login.Create());
        await Second.RunAsync(Open(login.WindowsPath, FileShare.ReadWrite | FileShare.Delete));

        // Wine has no POSIX semantics of a rename, so there this reader is in the way too.
        Task<string> refresh = await First.StartCommandAsync(login.Get());
        await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System);
        await Second.RunAsync("close");
        string reply = await refresh;

        checks.Expect(
            login.IsSaved && Succeeded(reply),
            "a reader that shares deletion spoils no save",
            reply);
        await DisposeAsync(login, [First]);
    }

    [FailureMode("F48")]
    private async Task ReaderThatLetsGoAsync()
    {
        using var login = new WindowsLogin(server);
        await First.RunAsync(login.Create());
        await Second.RunAsync(Open(login.WindowsPath, FileShare.Read));
        Task<string> refresh = await First.StartCommandAsync(login.Get());
        await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System);
        bool wasWaiting = !refresh.IsCompleted && login.TokenRequests == 1;

        await Second.RunAsync("close");
        string reply = await refresh;

        string events = await EventsAsync(First, login);
        checks.Expect(
            wasWaiting && login.IsSaved && Succeeded(reply) && !events.Contains("saveFailed", StringComparison.Ordinal),
            "a reader that does not share deletion for two seconds delays the save and spoils nothing",
            $"waited {wasWaiting}, saved {login.IsSaved}, {reply}, {events}");
        await DisposeAsync(login, [First]);
    }

    [FailureMode("F48")]
    private async Task ReaderThatStaysAsync()
    {
        using var login = new WindowsLogin(server);
        await First.RunAsync(login.Create("save-timeout=200"));
        await Third.RunAsync(login.Create());
        await Second.RunAsync(Open(login.WindowsPath, FileShare.Read));

        string reply = await First.RunAsync(login.Get());
        bool wasSaved = login.IsSaved;

        // Raised after the release, on a thread of its own.
        string events = "";
        await BecomesAsync(async () => (events = await EventsAsync(First, login)).Contains("saveFailed", StringComparison.Ordinal));
        await Second.RunAsync("close");
        bool isSaved = await BecomesAsync(() => Task.FromResult(login.IsSaved));
        string other = await Third.RunAsync(login.Get());

        checks.Expect(
            !wasSaved && Succeeded(reply) && events.Contains("saveFailed=1", StringComparison.Ordinal),
            "a pair that cannot be saved in time is served, and the event says so",
            $"saved {wasSaved}, {reply}, {events}");
        checks.Expect(
            isSaved && other == reply && login.TokenRequests == 1,
            "it is saved once the file is free, and others adopt it",
            $"saved {isSaved}, {login.TokenRequests} token requests, '{reply}', '{other}'");
        await DisposeAsync(login, [First, Third]);
    }

    [FailureMode("F133")]
    private async Task LoginStoredDuringTheSaveAsync()
    {
        using var login = new WindowsLogin(server);
        await First.RunAsync(login.Create());
        await Third.RunAsync(login.Create());
        await Second.RunAsync(Open(login.WindowsPath, FileShare.ReadWrite));
        Task<string> refresh = await First.StartCommandAsync(login.Get());
        await BecomesAsync(() => Task.FromResult(login.TokenRequests == 1));
        await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System);
        bool wasWaiting = !refresh.IsCompleted;

        // The reader shares writing and not deletion: it hinders the save alone.
        login.Overwrite(server.IssueLogin());
        string reply = await refresh;
        await Second.RunAsync("close");
        string other = await Third.RunAsync(login.Get());

        checks.Expect(
            wasWaiting && !login.IsSaved && reply == other && login.TokenRequests == 1,
            "a login that another program stores while a save waits is not overwritten, and is used",
            $"waited {wasWaiting}, overwritten {login.IsSaved}, {login.TokenRequests} token requests, '{reply}', '{other}'");
        await DisposeAsync(login, [First, Third]);
    }

    [FailureMode("F136")]
    private async Task ScannedCredentialsAsync()
    {
        using var login = new WindowsLogin(server);
        using ParkedRequest parked = server.ParkNextTokenRequest();
        await First.RunAsync(login.Create());
        Task<string> refresh = await ScannedAsync(login, login.WindowsPath);
        await parked.Arrived;

        await Second.RunAsync(Open(login.WindowsPath, FileShare.None));
        parked.Release();
        await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System);
        bool wasWaiting = !refresh.IsCompleted;
        await Second.RunAsync("close");
        string reply = await refresh;

        string events = await EventsAsync(First, login);
        checks.Expect(
            wasWaiting && login.IsSaved && Succeeded(reply) && !events.Contains("saveFailed", StringComparison.Ordinal),
            "a scanner that has the credentials open unshared for half a second delays the read and the save, and spoils nothing",
            $"waited {wasWaiting}, saved {login.IsSaved}, {reply}, {events}");
        await DisposeAsync(login, [First]);
    }

    [FailureMode("F136")]
    private async Task ScannedLockFileAsync()
    {
        using var login = new WindowsLogin(server);
        login.CreateLockFile();
        await First.RunAsync(login.Create());

        string reply = await await ScannedAsync(login, login.WindowsLockPath);

        checks.Expect(
            login.TokenRequests == 1 && login.IsSaved && Succeeded(reply),
            "a scanner that has the lock file open unshared for half a second delays the lock, and spoils nothing",
            reply);
        await DisposeAsync(login, [First]);
    }

    [FailureMode("F134")]
    private async Task LeftOversAsync()
    {
        using var login = new WindowsLogin(server);
        string held = login.CreateLeftOver(1);
        File.SetAttributes(login.CreateLeftOver(2), FileAttributes.ReadOnly);
        await First.RunAsync(login.Create());
        await Second.RunAsync(Open(WindowsLogin.ToWindows(held), FileShare.Read));

        string reply = await First.RunAsync(login.Get());

        bool isThere = File.Exists(held);
        await Second.RunAsync("close");
        checks.Expect(
            isThere && login.TokenRequests == 1 && login.IsSaved && Succeeded(reply),
            "left-over temp files that cannot be deleted, one open and one read-only, hinder no refresh",
            $"there {isThere}, {reply}");
        await DisposeAsync(login, [First]);
    }

    [FailureMode("F140")]
    private async Task ReadOnlyCredentialsAsync()
    {
        using var login = new WindowsLogin(server);
        File.SetAttributes(login.Path, FileAttributes.ReadOnly);
        await First.RunAsync(login.Create());

        string refused = await First.RunAsync(login.Get());
        int requests = login.TokenRequests;
        File.SetAttributes(login.Path, FileAttributes.Normal);
        string reply = await First.RunAsync(login.Get());

        checks.Expect(
            requests == 0 && refused.Contains("read-only", StringComparison.Ordinal) && login.TokenRequests == 1 && Succeeded(reply),
            "credentials that are read-only are refused before anything is sent, and refreshed once they are not",
            $"{requests} token requests, '{refused}', '{reply}'");
        await DisposeAsync(login, [First]);
    }

    [FailureMode("F139")]
    private async Task HomeAsync()
    {
        using var login = new WindowsLogin(server);
        string home = login.WindowsPath[..login.WindowsPath.LastIndexOf('\\')];
        await First.RunAsync($"variable USERPROFILE={Uri.EscapeDataString(home)}");
        await First.RunAsync(login.Create(path: "~/.credentials.json"));

        string status = await First.RunAsync($"status name={login.Name}");

        checks.Expect(
            status.Contains($"location={Uri.EscapeDataString(login.WindowsPath)} ", StringComparison.Ordinal),
            "'~' is the directory that USERPROFILE names",
            status);
        await DisposeAsync(login, [First]);
    }

    // Of the file alone: Wine makes short names by a hash, which two of the many directories beside this one may share.
    private async Task<string> ShortNameOfAsync(WindowsLogin login)
    {
        string whole = Uri.UnescapeDataString(await First.RunAsync($"shortname path={Uri.EscapeDataString(login.WindowsPath)}"));
        return login.WindowsPath[..login.WindowsPath.LastIndexOf('\\')] + whole[whole.LastIndexOf('\\')..];
    }

    // The first child asks for a token while the second one has a file open, as a scanner has: unshared, and for half a second.
    private async Task<Task<string>> ScannedAsync(WindowsLogin login, string windowsPath)
    {
        await Second.RunAsync(Open(windowsPath, FileShare.None));
        Task<string> call = await First.StartCommandAsync(login.Get());
        await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System);
        await Second.RunAsync("close");
        return call;
    }

    private static string Open(string windowsPath, FileShare share) =>
        $"open path={Uri.EscapeDataString(windowsPath)} share={Uri.EscapeDataString(share.ToString("D"))}";
}
