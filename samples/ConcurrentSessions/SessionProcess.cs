using System.Diagnostics;

namespace ConcurrentSessions;

/// <summary>
/// The parent's end of one session process. The session ends when its standard input closes, thus also when the parent dies.
/// </summary>
internal sealed class SessionProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(10);

    private readonly Process _process;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _reading;
    private volatile bool _isStopped;
    private volatile SessionReport _report = SessionReport.Empty;

    private SessionProcess(Process process)
    {
        _process = process;
        _reading = ReadAsync();
    }

    public int Id => _process.Id;

    public SessionReport Report => _report;

    /// <summary>Gets whether it ended although it was not told to and its user is still signed in.</summary>
    public bool HasFailed => _process.HasExited && (_process.ExitCode != 0 || !(_isStopped || Report.IsLoggedOut));

    public static SessionProcess Start(SessionSettings settings)
    {
        var executable = Environment.ProcessPath!;
        var isHost = Path.GetFileNameWithoutExtension(executable).Equals("dotnet", StringComparison.OrdinalIgnoreCase);
        var start = new ProcessStartInfo(executable)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        string[] program = isHost ? [typeof(SessionProcess).Assembly.Location] : [];
        foreach (var argument in program.Concat(settings.ToArguments()))
        {
            start.ArgumentList.Add(argument);
        }

        return new SessionProcess(Process.Start(start)!);
    }

    public Task WhenReadyAsync() => _ready.Task.WaitAsync(StartPatience, TimeProvider.System);

    public async Task GoAsync()
    {
        await _process.StandardInput.WriteLineAsync("go");
        await _process.StandardInput.FlushAsync();
    }

    public async Task StopAsync()
    {
        _isStopped = !HasFailed;
        _process.StandardInput.Close();
        await _process.WaitForExitAsync().WaitAsync(EndPatience, TimeProvider.System);
        await _reading;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        await _reading;
        _process.Dispose();
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line == SessionReport.Ready)
            {
                _ready.TrySetResult();
            }

            _report = SessionReport.Parse(line) ?? _report;
        }

        _ready.TrySetException(new InvalidOperationException("A session process ended before it was ready."));
    }
}
