using System.Diagnostics;
using System.Globalization;
using System.Threading.Channels;

namespace TokenRefresh.TestProcess;

/// <summary>
/// Reads a command per line and replies a line each: <c>ok ...</c> or <c>error Type message</c>. <c>&amp; tag command</c> runs beside
/// others and replies <c>tag ok ...</c>; <c>at unixMilliseconds command</c> starts at that moment. Some need no thread of the pool.
/// </summary>
internal sealed class CommandHost(TextWriter output)
{
    private static readonly TimeSpan ExitPatience = TimeSpan.FromSeconds(10);

    private readonly Dictionary<string, Func<CommandLine, Task<string>>> _commands = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Action> _immediate = new(StringComparer.Ordinal);
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();
    private readonly Lock _writing = new();
    private int _exitCode;

    public void Add(string verb, Func<CommandLine, Task<string>> command) => _commands.Add(verb, command);

    /// <summary>Adds a command that runs on the thread that reads them.</summary>
    public void AddImmediate(string verb, Action command) => _immediate.Add(verb, command);

    public void Exit(int code)
    {
        _exitCode = code;
        _lines.Writer.TryComplete();
    }

    /// <summary>Prints a line that is no reply.</summary>
    public void Announce(string line) => Write(line);

    public async Task<int> RunAsync(TextReader input)
    {
        // A thread of its own: reading standard input blocks, and no pool thread may be missing from what the tests measure.
        new Thread(() => Read(input)) { IsBackground = true, Name = "commands" }.Start();
        Write("ready");
        await foreach (string line in _lines.Reader.ReadAllAsync())
        {
            if (line.StartsWith("& ", StringComparison.Ordinal))
            {
                string[] parts = line.Split(' ', 3);
                _ = Task.Run(async () => Write($"{parts[1]} {await ReplyAsync(parts[2])}"));
            }
            else
            {
                Write(await ReplyAsync(line));
            }
        }

        return _exitCode;
    }

    private void Read(TextReader input)
    {
        while (input.ReadLine() is { } line)
        {
            if (_immediate.TryGetValue(line, out Action? command))
            {
                command();
                Write("ok");
            }
            else if (line.Length > 0)
            {
                _lines.Writer.TryWrite(line);
            }
        }

        // No one drives this process any more. Whatever a command still waits for, it ends now.
        new Thread(KillIfItHangs) { IsBackground = true, Name = "exit guard" }.Start();
        Environment.Exit(_exitCode);
    }

    private static void KillIfItHangs()
    {
        using var never = new ManualResetEventSlim();
        never.Wait(ExitPatience);
        using var self = Process.GetCurrentProcess();
        self.Kill();
    }

    private async Task<string> ReplyAsync(string line)
    {
        try
        {
            string[] parts = line.Split(' ', 2);
            string rest = parts.Length > 1 ? parts[1] : "";
            if (parts[0] == "at")
            {
                string[] timed = rest.Split(' ', 2);
                await WaitUntilAsync(DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(timed[0], CultureInfo.InvariantCulture)));
                return await ReplyAsync(timed[1]);
            }

            if (!_commands.TryGetValue(parts[0], out Func<CommandLine, Task<string>>? command))
            {
                throw new CommandException($"'{parts[0]}' is no command; there are {string.Join(", ", _commands.Keys)}.");
            }

            return $"ok {OneLine(await command(new CommandLine(rest)))}".TrimEnd();
        }
        catch (Exception exception)
        {
            return $"error {exception.GetType().Name} {OneLine(exception.Message)}";
        }
    }

    private static async Task WaitUntilAsync(DateTimeOffset moment)
    {
        // Timers are a millisecond or more late; the last bit is spun.
        TimeSpan sleep = moment - TimeProvider.System.GetUtcNow() - TimeSpan.FromMilliseconds(3);
        if (sleep > TimeSpan.Zero)
        {
            await Task.Delay(sleep, TimeProvider.System);
        }

        var spin = default(SpinWait);
        while (TimeProvider.System.GetUtcNow() < moment)
        {
            spin.SpinOnce(sleep1Threshold: -1);
        }
    }

    private void Write(string line)
    {
        lock (_writing)
        {
            output.WriteLine(line);
            output.Flush();
        }
    }

    private static string OneLine(string text) => text.ReplaceLineEndings(" ");
}
