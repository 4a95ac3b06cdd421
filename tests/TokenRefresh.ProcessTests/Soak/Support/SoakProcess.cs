using TokenRefresh.TestKit;

namespace TokenRefresh.ProcessTests.Soak;

/// <summary>One of the processes of a soak: asks for tokens all the time, and comes back after each kill under another name.</summary>
internal sealed class SoakProcess(int number, SharedLogin login, SoakLog log, Random random) : IAsyncDisposable
{
    private const string Settings =
        "before=1000 skew=100 refresh-timeout=8000 attempt-timeout=4000 save-timeout=2000 lock-timeout=15000 reuse-window=3600000";
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(60);

    private readonly Lock _gate = new();
    private readonly List<(string Sender, DateTimeOffset At)> _kills = [];
    private ChildProcess? _child;
    private Task _kill = Task.CompletedTask;
    private bool _isKilled;
    private int _lives;

    /// <summary>Gets when which of its lives was ended.</summary>
    internal IReadOnlyList<(string Sender, DateTimeOffset At)> Kills => _kills;

    internal string Sender => $"p{number}.{_lives}";

    /// <summary>Starts the process, unless it is alive.</summary>
    internal async Task StartAsync()
    {
        if (_child is not null && !_isKilled)
        {
            return;
        }

        await DisposeAsync();
        ChildProcess child = await ChildProcess.StartAsync(TestProgram.Path);
        lock (_gate)
        {
            _lives++;
            _isKilled = false;
        }

        // What a process does for the first time takes a busy machine seconds, which belong to no one's attempt.
        await child.RunAsync($"http 1 {login.Server.ControlUri}ping");
        string revocation = number % 2 == 0 ? $" revocation={Uri.EscapeDataString(login.Server.RevocationUri.AbsoluteUri)}" : "";
        await child.RunAsync(login.CreateCommand($"{Settings} sender={Sender}{revocation}"));
        _child = child;
    }

    /// <summary>Lives and is killed, again and again, until it is over; a kill after that no one makes good.</summary>
    internal async Task RunAsync(CancellationToken over)
    {
        while (!over.IsCancellationRequested)
        {
            await AskUntilKilledAsync(over);
            await StartAsync();
        }
    }

    /// <summary>Runs a command beside whatever else the process does.</summary>
    /// <returns>The reply, also that of a failure; <see langword="null"/> if the process was killed meanwhile.</returns>
    internal async Task<string?> TryAsync(string command)
    {
        ChildProcess? child = _child;
        if (child is null)
        {
            return null;
        }

        try
        {
            return await await child.StartCommandAsync(command);
        }
        catch (Exception e) when (e is ChildProcessException or InvalidOperationException && IsGone(child))
        {
            // It ended before it replied, or was disposed for its next life before it was asked.
            return null;
        }
        catch (ChildProcessException e)
        {
            const string error = "failed: error ";
            int at = e.Message.IndexOf(error, StringComparison.Ordinal);
            return at < 0 ? e.Message : e.Message[(at + error.Length)..];
        }
    }

    internal Task KillAsync()
    {
        lock (_gate)
        {
            if (_child is { } child && !_isKilled)
            {
                _isKilled = true;
                _kills.Add((Sender, TimeProvider.System.GetUtcNow()));
                _kill = child.KillAsync();
            }

            return _kill;
        }
    }

    /// <summary>Stops the process for a time.</summary>
    internal async Task StopAsync(TimeSpan time)
    {
        Signal(static child => child.Stop());
        await Task.Delay(time, TimeProvider.System);
        Signal(static child => child.Continue());
    }

    public async ValueTask DisposeAsync()
    {
        if (_child is { } child)
        {
            Task kill;
            lock (_gate)
            {
                kill = _kill;
            }

            // A kill still asks the child for its exit code, which one that is disposed no longer has.
            await kill;
            await child.DisposeAsync();
            log.Keep($"{child.Output}\n{child.Error}");
            _child = null;
        }
    }

    private async Task AskUntilKilledAsync(CancellationToken over)
    {
        while (!over.IsCancellationRequested)
        {
            string command = random.Next(10) switch
            {
                < 5 => $"get {1 + random.Next(4)}",
                < 8 => $"api {1 + random.Next(4)} {login.Server.ApiUri}x",
                8 => "refresh last",
                _ => "status",
            };
            if (await TryAsync(command) is not { } reply)
            {
                return;
            }

            // A provider that has given no token yet has none to call rejected.
            if (!reply.StartsWith("CommandException ", StringComparison.Ordinal))
            {
                log.Reply(Sender, command.Split(' ')[0], reply);
            }

            await Task.Delay(LongestPause * random.NextDouble(), TimeProvider.System, CancellationToken.None);
        }
    }

    private bool IsGone(ChildProcess child)
    {
        lock (_gate)
        {
            return child != _child || _isKilled;
        }
    }

    private void Signal(Action<ChildProcess> send)
    {
        lock (_gate)
        {
            if (_child is { } child && !_isKilled)
            {
                send(child);
            }
        }
    }
}
