using System.Globalization;
using TokenRefresh.TestKit;

namespace TokenRefresh.WindowsPath;

/// <summary>What must hold on Windows, step by step. The children are processes of their own; the server is here.</summary>
internal sealed partial class Scenarios(LoopbackAuthorizationServer server, WindowsChildren children, CheckList checks)
{
    private const int Rounds = 20;
    private const int Callers = 8;
    private const int Saves = 200;
    private const int SavesAtOnce = 50;
    private const string Impatient = "refresh-timeout=1000 attempt-timeout=1000 save-timeout=100 lock-timeout=1200";

    private ChildProcess First => children.All[0];

    private ChildProcess Second => children.All[1];

    private ChildProcess Third => children.All[2];

    public async Task RunAsync()
    {
        string where = await First.RunAsync("where");
        checks.Expect(where.Contains(@":\", StringComparison.Ordinal), "the children run under Windows", where);
        await StormAsync(inOtherCase: false);
        await StormAsync(inOtherCase: true);
        await RejectedTokensAsync();
        await LockTimeoutAsync();
        await WatchAsync();
        await LockFileStaysAsync();
        await LockPathThatIsTheCredentialsAsync();
        await ShortNameAsync();
        await SharingReaderAsync();
        await ReaderThatLetsGoAsync();
        await ReaderThatStaysAsync();
        await LoginStoredDuringTheSaveAsync();
        await ScannedCredentialsAsync();
        await ScannedLockFileAsync();
        await LeftOversAsync();
        await ReadOnlyCredentialsAsync();
        await HomeAsync();
        await WriterAndReaderAsync();
        await AccessOfTheTempFileAsync();
        await PathsOfNoFileAsync();
        await LinkToADeviceAsync();
        await NothingGrowsAsync();
        await KilledHolderAsync();
        await InterruptedAsync("Ctrl+C", "interrupt 0");
        await InterruptedAsync("Ctrl+Break", "interrupt 1");
        await InterruptedAsync("The close of the console", "interrupt 2");
        await InterruptedAsync("The end of the system", "interrupt 6");
        AuthorizationServerBooks books = server.Books;
        checks.Expect(
            books is { Reuses: 0, FamiliesRevoked: 0, InvalidRequests: 0 },
            "no refresh token was used twice, no login was revoked",
            books.ToString());
    }

    private async Task StormAsync(bool inOtherCase)
    {
        var perfect = 0;
        for (int round = 0; round < Rounds; round++)
        {
            using var login = new WindowsLogin(server);
            if (inOtherCase)
            {
                // The disk here knows case, and the runner's translation is not atomic: two processes could create one lock file each,
                // which no Windows disk lets happen.
                login.CreateLockFile();
            }

            await Task.WhenAll(children.All.Select(
                (child, i) => child.RunAsync(login.Create(path: inOtherCase && i == 2 ? login.WindowsPath.ToUpperInvariant() : null))));
            long moment = (TimeProvider.System.GetUtcNow() + TimeSpan.FromMilliseconds(50)).ToUnixTimeMilliseconds();
            string[] replies = await Task.WhenAll(
                children.All.Select(
                    child => child.RunAsync(string.Create(CultureInfo.InvariantCulture, $"at {moment} {login.Get(Callers)}"))));
            bool isPerfect = login.TokenRequests == 1
                && replies.Distinct(StringComparer.Ordinal).Count() == 1
                && replies[0].EndsWith("distinct=1 failures=0", StringComparison.Ordinal)
                && login.Text.Contains("\"kept\":1787613382524.616", StringComparison.Ordinal);
            perfect += isPerfect ? 1 : 0;
            if (!isPerfect)
            {
                string which = $"round {round + 1}{(inOtherCase ? " with capitals" : "")}";
                checks.Fail($"{which}: {login.TokenRequests} token requests, replies '{string.Join("', '", replies)}'");
            }

            await DisposeAsync(login, children.All);
        }

        string what = $"{perfect} of {Rounds} expiries, each met by {children.All.Count} processes with {Callers} callers, "
            + "cost one token request";
        checks.Expect(perfect == Rounds, inOtherCase ? $"{what}, one of them naming the file in capitals" : what);
    }

    private async Task RejectedTokensAsync()
    {
        using var login = new WindowsLogin(server);
        login.Store(server.IssueLogin());
        await Task.WhenAll(children.All.Select(child => child.RunAsync(login.Create())));
        await Task.WhenAll(children.All.Select(child => child.RunAsync(login.Get())));
        server.ExpireAllAccessTokens();

        string[] replies = await Task.WhenAll(
            children.All.Select(child => child.RunAsync($"api {Callers} {server.ApiUri} name={login.Name}")));

        checks.Expect(
            login.TokenRequests == 1 && replies.All(reply => reply == $"200={Callers} failures=0"),
            "a token rejected before its expiry cost one token request, and every request succeeded",
            $"{login.TokenRequests} token requests, '{string.Join("', '", replies)}'");
        await DisposeAsync(login, children.All);
    }

    private async Task LockTimeoutAsync()
    {
        using var login = new WindowsLogin(server);
        using ParkedRequest parked = server.ParkNextTokenRequest();
        await First.RunAsync(login.Create());
        await Second.RunAsync(login.Create(Impatient));
        Task<string> holder = await First.StartCommandAsync(login.Get());
        await parked.Arrived;

        string reply = await Second.RunAsync(login.Get());
        string status = await Second.RunAsync($"status name={login.Name}");
        string pid = await First.RunAsync("pid");

        checks.Expect(
            reply.Contains("LockTimeoutException", StringComparison.Ordinal) && reply.Contains(pid, StringComparison.Ordinal),
            "a lock that another process holds times out and names the holder",
            reply);
        checks.Expect(status.Contains($"holder={pid} ", StringComparison.Ordinal), "the status tells who holds the lock", status);
        parked.Release();
        string first = await holder;
        string second = await Second.RunAsync(login.Get());
        checks.Expect(
            login.TokenRequests == 1 && first == second,
            "after the release both have the same token, from one request",
            $"{login.TokenRequests} token requests, '{first}', '{second}'");
        await DisposeAsync(login, [First, Second]);
    }

    private async Task WatchAsync()
    {
        // The poll looks twice a second. A waiter that is awake long before that was woken by the watch, or by a poll that came just
        // then; so the quickest of three counts.
        TimeSpan quickest = TimeSpan.MaxValue;
        for (int round = 0; round < 3; round++)
        {
            using var login = new WindowsLogin(server);
            using var silent = new SilentEndpoint();
            await First.RunAsync(login.Create(endpoint: silent.Address));
            await Second.RunAsync(login.Create());
            Task<string> holder = await First.StartCommandAsync(login.Get());
            using IDisposable connection = await silent.AcceptAsync();
            Task<string> waiter = await Second.StartCommandAsync(login.Get());
            await Second.RunAsync("echo waiting");
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);

            long start = TimeProvider.System.GetTimestamp();
            login.Store(server.IssueLogin());
            string reply = await waiter;
            TimeSpan wait = TimeProvider.System.GetElapsedTime(start);

            quickest = wait < quickest ? wait : quickest;
            if (login.TokenRequests != 0 || !reply.EndsWith("distinct=1 failures=0", StringComparison.Ordinal))
            {
                checks.Fail($"a waiter did not take the token that another program stored: {reply}");
            }

            connection.Dispose();
            silent.Dispose();
            await holder;
            await DisposeAsync(login, [First, Second]);
        }

        checks.Expect(
            quickest < TimeSpan.FromMilliseconds(250),
            string.Create(
                CultureInfo.InvariantCulture,
                $"the watch woke a waiter {quickest.TotalMilliseconds:F0} ms after another program stored a token, the lock still held"));
    }

    private async Task KilledHolderAsync()
    {
        using var login = new WindowsLogin(server);
        using var silent = new SilentEndpoint();
        ChildProcess victim = await children.StartAnotherAsync();
        await victim.RunAsync(login.Create(endpoint: silent.Address));
        await Second.RunAsync(login.Create());
        await victim.StartCommandAsync(login.Get());
        using IDisposable connection = await silent.AcceptAsync();
        Task<string> waiter = await Second.StartCommandAsync(login.Get());
        await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        bool wasWaiting = !waiter.IsCompleted;

        long start = TimeProvider.System.GetTimestamp();
        await victim.KillAsync();
        string reply = await waiter;
        TimeSpan wait = TimeProvider.System.GetElapsedTime(start);

        checks.Expect(
            wasWaiting && login.TokenRequests == 1 && Succeeded(reply) && wait < TimeSpan.FromSeconds(2),
            string.Create(
                CultureInfo.InvariantCulture,
                $"a waiter had the lock and a token {wait.TotalMilliseconds:F0} ms after its holder was killed"),
            $"waited {wasWaiting}, {login.TokenRequests} token requests, {reply}");
        checks.Expect(
            login.TempFiles.Length == 0,
            "the killed holder's temp file was swept");
        await DisposeAsync(login, [Second]);
    }

    [FailureMode("F135")]
    private async Task InterruptedAsync(string keys, string command)
    {
        using var login = new WindowsLogin(server);
        using ParkedRequest parked = server.ParkNextTokenRequest();
        ChildProcess interrupted = await children.StartAnotherAsync();
        await interrupted.RunAsync(login.Create());
        await interrupted.StartCommandAsync(login.Get());
        await parked.Arrived;

        bool isAlive = await SurvivesAsync(interrupted, command);
        long start = TimeProvider.System.GetTimestamp();
        parked.Release();
        await interrupted.WaitForExitAsync();
        TimeSpan wait = TimeProvider.System.GetElapsedTime(start);

        checks.Expect(
            isAlive && login.IsSaved && wait < TimeSpan.FromSeconds(10),
            string.Create(
                CultureInfo.InvariantCulture,
                $"{keys} during an exchange ended the process {wait.TotalMilliseconds:F0} ms after the answer, with the pair saved"),
            $"alive {isAlive}, saved {login.IsSaved}");
    }

    private static bool Succeeded(string reply) => reply.EndsWith("failures=0", StringComparison.Ordinal);

    private static Task<string> EventsAsync(ChildProcess child, WindowsLogin login) => child.RunAsync($"events name={login.Name}");

    private static async Task<string> FailAsync(ChildProcess child, string command)
    {
        try
        {
            await child.RunAsync(command);
            return "";
        }
        catch (ChildProcessException refusal)
        {
            return refusal.Message;
        }
    }

    // A process that ends at once may do so before it has replied.
    private static async Task<bool> SurvivesAsync(ChildProcess child, string command)
    {
        try
        {
            await child.RunAsync(command);
            await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System);
            return await child.RunAsync("echo alive") == "alive";
        }
        catch (ChildProcessException)
        {
            return false;
        }
    }

    private static async Task<bool> BecomesAsync(Func<Task<bool>> condition, int seconds = 10)
    {
        for (int i = 0; i < 10 * seconds; i++)
        {
            if (await condition())
            {
                return true;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }

        return false;
    }

    private static Task<string[]> DisposeAsync(WindowsLogin login, IReadOnlyList<ChildProcess> users) => Task.WhenAll(users.Select(
        child => child.RunAsync($"dispose name={login.Name}")));
}
