using TokenRefresh;

namespace ConcurrentSessions;

/// <summary>One session: callers that go on requesting until the parent closes the standard input, or dies.</summary>
internal sealed class SessionProgram(SessionSettings settings, HttpClient http)
{
    private static readonly TimeSpan ReportInterval = TimeSpan.FromMilliseconds(100);

    private int _served;
    private int _failed;
    private volatile bool _isLoggedOut;

    private SessionReport Report => new(Volatile.Read(ref _served), Volatile.Read(ref _failed), _isLoggedOut);

    public static async Task<int> RunAsync(SessionSettings settings)
    {
        Console.WriteLine(SessionReport.Ready);
        if (await Console.In.ReadLineAsync() is null)
        {
            return 1;
        }

        using var stop = new CancellationTokenSource();

        // Off this thread: the console's reader blocks, whatever its methods are called.
        _ = Task.Run(() => StopAtEndOfInputAsync(stop), CancellationToken.None);
        var provider = Providers.Create(settings);
        try
        {
            using var handler = new BearerTokenHandler(provider) { InnerHandler = new SocketsHttpHandler() };
            using var http = new HttpClient(handler) { BaseAddress = settings.Api };
            await new SessionProgram(settings, http).RunAsync(stop.Token);
        }
        finally
        {
            await ((provider as IAsyncDisposable)?.DisposeAsync() ?? default);
        }

        return 0;
    }

    private static async Task StopAtEndOfInputAsync(CancellationTokenSource stop)
    {
        while (await Console.In.ReadLineAsync() is not null)
        {
        }

        await stop.CancelAsync();
    }

    private async Task RunAsync(CancellationToken stop)
    {
        var random = new Random(settings.Seed);
        var callers = Task.WhenAll(Enumerable.Range(0, settings.Callers).Select(_ => CallAsync(new Random(random.Next()), stop)));
        while (!callers.IsCompleted)
        {
            await Task.WhenAny(callers, Task.Delay(ReportInterval, TimeProvider.System, CancellationToken.None));
            Console.WriteLine(Report);
        }

        await callers;
    }

    private async Task CallAsync(Random random, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested && !_isLoggedOut)
        {
            await RequestAsync();
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(10, 60)), TimeProvider.System, CancellationToken.None);
        }
    }

    private async Task RequestAsync()
    {
        try
        {
            using var answer = await http.GetAsync(new Uri("work", UriKind.Relative), CancellationToken.None);
            Interlocked.Increment(ref answer.IsSuccessStatusCode ? ref _served : ref _failed);
        }
        catch (SignInRequiredException)
        {
            _isLoggedOut = true;
        }
        catch (Exception e) when (e is TokenRefreshException or HttpRequestException)
        {
            Interlocked.Increment(ref _failed);
        }
    }
}
