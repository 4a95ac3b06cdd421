using System.Diagnostics;
using System.Globalization;
using System.Runtime.ExceptionServices;
using TokenRefresh.Benchmarks.Coordinations;

namespace TokenRefresh.Benchmarks.Workers;

/// <summary>
/// The child process: takes a command per line, replies a line each. What it measures it tells only when asked, so that no reply disturbs
/// the others of its round.
/// </summary>
internal sealed class WorkerProgram
{
    internal const string Verb = "worker";

    private readonly ForwardClock _clock = new();
    private ICoordination? _coordination;
    private IAsyncDisposable? _hold;
    private Task<WorkerReport> _work = Task.FromResult(default(WorkerReport));
    private TimeSpan _cpuBefore;
    private TimeSpan _cpuAtMark;
    private long _savedAt;

    /// <summary>Runs until the standard input ends.</summary>
    internal static async Task<int> RunAsync()
    {
        var worker = new WorkerProgram();
        Console.WriteLine("ready");
        while (Console.In.ReadLine() is { } line)
        {
            string reply;
            try
            {
                reply = $"ok {await worker.ObeyAsync(line.Split('\t'))}";
            }
            catch (Exception e)
            {
                reply = $"error {e.GetType().Name}: {e.Message.ReplaceLineEndings(" ")}";
            }

            Console.WriteLine(reply);
        }

        return 0;
    }

    private async Task<string> ObeyAsync(string[] command)
    {
        switch (command[0])
        {
            case "open":
                if (_coordination is not null)
                {
                    await _coordination.DisposeAsync();
                }

                var settings = new CoordinationSettings(
                    command[2], new Uri(command[3]), _clock, () => _savedAt = Stopwatch.GetTimestamp());
                _coordination = Scheme.Create(command[1], settings);
                return "";
            case "mark":
                TimeSpan cpu = Environment.CpuUsage.TotalTime;
                TimeSpan since = cpu - _cpuAtMark;
                _cpuAtMark = cpu;
                return since.Ticks.ToString(CultureInfo.InvariantCulture);
            case "get":
                _clock.SetAhead(TimeSpan.FromHours(int.Parse(command[1], CultureInfo.InvariantCulture)));
                _cpuBefore = Environment.CpuUsage.TotalTime;
                _work = Task.Run(() => MeasureAsync(_coordination!.GetTokenAsync));
                return "";
            case "turn":
                var hold = TimeSpan.FromMicroseconds(int.Parse(command[1], CultureInfo.InvariantCulture));
                _cpuBefore = Environment.CpuUsage.TotalTime;
                _work = Task.Run(() => MeasureAsync(() => TakeTurnAsync(hold)));
                return "";
            case "report":
                WorkerReport report = await _work;
                return (report with { Cpu = Environment.CpuUsage.TotalTime - _cpuBefore }).ToString();
            case "lock":
                _hold = await _coordination!.LockAsync();
                return "";
            case "unlock":
                long now = Stopwatch.GetTimestamp();
                await _hold!.DisposeAsync();
                return now.ToString(CultureInfo.InvariantCulture);
            default:
                throw new ArgumentException($"'{command[0]}' is no command.", nameof(command));
        }
    }

    private async Task<WorkerReport> MeasureAsync(Func<Task<string>> act)
    {
        _savedAt = 0;
        var exceptions = 0;
        EventHandler<FirstChanceExceptionEventArgs> count = (_, _) => Interlocked.Increment(ref exceptions);
        AppDomain.CurrentDomain.FirstChanceException += count;
        try
        {
            string token = await act();
            return new WorkerReport(_savedAt, Stopwatch.GetTimestamp(), exceptions, token);
        }
        catch (SignInRequiredException)
        {
            return new WorkerReport(_savedAt, Stopwatch.GetTimestamp(), exceptions, WorkerReport.Rejected);
        }
        finally
        {
            AppDomain.CurrentDomain.FirstChanceException -= count;
        }
    }

    private async Task<string> TakeTurnAsync(TimeSpan hold)
    {
        await using IAsyncDisposable taken = await _coordination!.LockAsync();
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < hold)
        {
            Thread.SpinWait(20);
        }

        return "none";
    }
}
