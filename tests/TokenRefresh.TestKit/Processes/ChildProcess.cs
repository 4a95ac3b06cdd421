using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;

namespace TokenRefresh.TestKit;

/// <summary>
/// A child process that takes a command per line and replies a line each: <c>ok ...</c>, <c>error ...</c>, or <c>tag ok ...</c> for a
/// command sent with <c>&amp; tag</c>.
/// </summary>
/// <remarks>
/// Safe for concurrent use. Disposal kills the child and its children; so does the end of this process, and a child ends by itself when its
/// standard input closes.
/// </remarks>
public sealed class ChildProcess : IAsyncDisposable
{
    private static readonly ConcurrentDictionary<Process, bool> Alive = new();
    private static int _tags;

    private readonly Process _process;
    private readonly ChildProcessOptions _options;
    private readonly ReplyQueue _replies = new();
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _error = new();
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly Task _reading;

    static ChildProcess() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        foreach (Process process in Alive.Keys)
        {
            KillTree(process);
        }
    };

    private ChildProcess(Process process, ChildProcessOptions options)
    {
        _process = process;
        _options = options;
        Id = process.Id;
        Alive[process] = true;
        _reading = Task.WhenAll(
            ReadAsync(process.StandardOutput, _output, _replies.Add),
            ReadAsync(process.StandardError, _error, static _ => { }));
        _ = _reading.ContinueWith(
            _ => _replies.End(),
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    /// <summary>Gets the process id.</summary>
    public int Id { get; }

    /// <summary>Gets whether the process has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>Gets what the child has printed so far.</summary>
    public string Output => Read(_output);

    /// <summary>Gets what the child has printed to its standard error so far.</summary>
    public string Error => Read(_error);

    /// <summary>Starts a .NET program with <c>dotnet exec</c> and waits until it is ready.</summary>
    /// <param name="assemblyPath">The program's <c>.dll</c>, its <c>.runtimeconfig.json</c> beside it.</param>
    /// <param name="options">The options; <see langword="null"/> for the defaults.</param>
    /// <returns>The running child; dispose it.</returns>
    public static Task<ChildProcess> StartAsync(string assemblyPath, ChildProcessOptions? options = null)
    {
        options ??= new ChildProcessOptions();
        string dotnet = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } path ? path : "dotnet";
        return StartProgramAsync(dotnet, options with { Arguments = ["exec", assemblyPath, .. options.Arguments] });
    }

    /// <summary>Starts any program and waits until it is ready.</summary>
    /// <param name="fileName">The program.</param>
    /// <param name="options">The options.</param>
    /// <returns>The running child; dispose it.</returns>
    public static async Task<ChildProcess> StartProgramAsync(string fileName, ChildProcessOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var start = new ProcessStartInfo(fileName, options.Arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = options.WorkingDirectory ?? "",
        };
        foreach ((string name, string? value) in options.Environment)
        {
            start.Environment[name] = value;
        }

        Process process = Process.Start(start) ?? throw new ChildProcessException($"'{fileName}' did not start.");
        var child = new ChildProcess(process, options);
        if (ChildProcessOptions.IsDebugging)
        {
            await Console.Error.WriteLineAsync($"Process {child.Id} waits for a debugger.");
        }

        if (options.ReadyLine is { } ready)
        {
            await child.ExpectAsync(ready);
        }

        return child;
    }

    /// <summary>Sends a command and does not wait for its reply.</summary>
    /// <param name="command">One line.</param>
    /// <returns>A task that completes when the line is in the pipe.</returns>
    public async Task SendAsync(string command)
    {
        await _writing.WaitAsync();
        try
        {
            await _process.StandardInput.WriteLineAsync(command);
            await _process.StandardInput.FlushAsync();
        }
        catch (IOException exception)
        {
            throw new ChildProcessException($"Process {Id} no longer takes '{Verb(command)}'. {Describe()}", exception);
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>Takes the next line, in the order of printing, that begins with one of these words.</summary>
    /// <param name="prefixes">The words; an empty one takes any line.</param>
    /// <returns>The whole line.</returns>
    /// <exception cref="ChildProcessException">The child ended or did not reply in time.</exception>
    public async Task<string> ExpectAsync(params string[] prefixes)
    {
        try
        {
            return await _replies.TakeAsync(prefixes).WaitAsync(_options.ReplyTimeout, TimeProvider.System);
        }
        catch (TimeoutException exception)
        {
            throw new ChildProcessException(
                $"Process {Id} did not reply '{string.Join("' or '", prefixes)}' within {_options.ReplyTimeout}. {Describe()}",
                exception);
        }
        catch (ChildProcessException exception)
        {
            throw new ChildProcessException($"{exception.Message} {Describe()}", exception);
        }
    }

    /// <summary>Sends a command and waits for its reply. One at a time; use <see cref="StartCommandAsync"/> for several.</summary>
    /// <param name="command">One line.</param>
    /// <returns>What stands after <c>ok</c>.</returns>
    /// <exception cref="ChildProcessException">The reply was an error, or there was none.</exception>
    public async Task<string> RunAsync(string command)
    {
        await SendAsync(command);
        return Success(command, await ExpectAsync("ok", "error"));
    }

    /// <summary>Sends a command that fails.</summary>
    /// <param name="command">One line.</param>
    /// <returns>What stands after <c>error</c>: the exception's type and message.</returns>
    /// <exception cref="ChildProcessException">The command succeeded, or there was no reply.</exception>
    public async Task<string> FailAsync(string command)
    {
        await SendAsync(command);
        string reply = await ExpectAsync("ok", "error");
        return reply.StartsWith("error", StringComparison.Ordinal)
            ? reply["error".Length..].Trim()
            : throw new ChildProcessException($"'{Verb(command)}' of process {Id} succeeded: {reply}");
    }

    /// <summary>Sends a command that the child runs in the background, beside others.</summary>
    /// <param name="command">One line, without the <c>&amp;</c>.</param>
    /// <returns>A task, once the child has begun, of a task of what stands after <c>ok</c>.</returns>
    public async Task<Task<string>> StartCommandAsync(string command)
    {
        string tag = $"#{Interlocked.Increment(ref _tags)}";
        await SendAsync($"& {tag} {command}");
        return FinishAsync(tag, command);
    }

    /// <summary>Kills the child (SIGKILL) and waits for its end.</summary>
    /// <returns>A task that completes when the process is gone.</returns>
    public async Task KillAsync()
    {
        // Not the tree: that would stop the child first, to look for its children.
        _process.Kill();
        await WaitForExitAsync();
    }

    /// <summary>Stops the child where it is (SIGSTOP). Not on Windows.</summary>
    public void Stop() => Signals.Send(Id, Signals.Stop);

    /// <summary>Lets a stopped child go on (SIGCONT). Not on Windows.</summary>
    public void Continue() => Signals.Send(Id, Signals.Continue);

    /// <summary>Asks the child to end (SIGTERM). Not on Windows.</summary>
    public void Terminate() => Signal(Signals.Terminate);

    /// <summary>Sends the child a signal. Not on Windows.</summary>
    /// <param name="number">The number of the signal. Those of SIGHUP (1), SIGINT (2) and SIGTERM (15) are the same on all systems.</param>
    public void Signal(int number) => Signals.Send(Id, number);

    /// <summary>Closes the child's standard input, upon which it ends.</summary>
    public void CloseInput() => _process.StandardInput.Close();

    /// <summary>Waits for the child's end.</summary>
    /// <returns>The exit code; 128 plus the signal's number where a signal ended it.</returns>
    /// <exception cref="ChildProcessException">It did not end in time.</exception>
    public async Task<int> WaitForExitAsync()
    {
        try
        {
            await _process.WaitForExitAsync().WaitAsync(_options.ReplyTimeout, TimeProvider.System);
            await ReadToTheEndAsync();
            return _process.ExitCode;
        }
        catch (TimeoutException exception)
        {
            throw new ChildProcessException($"Process {Id} did not end within {_options.ReplyTimeout}. {Describe()}", exception);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        KillTree(_process);
        await _process.WaitForExitAsync();

        await ReadToTheEndAsync();
        Alive.TryRemove(_process, out _);
        _process.Dispose();
        _writing.Dispose();
    }

    // A grandchild that inherited the pipes must not hold the test up.
    private Task ReadToTheEndAsync() => Task.WhenAny(_reading, Task.Delay(TimeSpan.FromSeconds(30), TimeProvider.System));

    private async Task<string> FinishAsync(string tag, string command)
    {
        string reply = await ExpectAsync(tag);
        return Success(command, reply[tag.Length..].Trim());
    }

    private string Success(string command, string reply) =>
        reply == "ok" || reply.StartsWith("ok ", StringComparison.Ordinal)
            ? reply["ok".Length..].Trim()
            : throw new ChildProcessException($"'{Verb(command)}' of process {Id} failed: {reply}");

    /// <summary>A command may hold tokens, so that messages name its verb alone.</summary>
    private static string Verb(string command) => command.Split(' ')[0];

    private string Describe() => $"Exited: {HasExited}. Output:\n{Output}\nError:\n{Error}";

    private static async Task ReadAsync(StreamReader reader, StringBuilder transcript, Action<string> onLine)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            lock (transcript)
            {
                transcript.AppendLine(line);
            }

            onLine(line);
        }
    }

    private static string Read(StringBuilder transcript)
    {
        lock (transcript)
        {
            return transcript.ToString();
        }
    }

    private static void KillTree(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception exception) when (
            exception is InvalidOperationException or System.ComponentModel.Win32Exception or AggregateException)
        {
            // It has ended by itself.
        }
    }
}
