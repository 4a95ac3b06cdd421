using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace TokenRefresh.TestProcess;

/// <summary>
/// Commands about this process: <c>echo</c>, <c>pid</c>, <c>where</c>, <c>threads [prefix]</c>, <c>fds [part]</c>, <c>held</c> (the
/// threads that are not the pool's, and the descriptors or handles), <c>cputime</c>,
/// <c>memory</c>, <c>collect</c>, <c>variable name=value</c> (of the environment), <c>hang</c>, <c>exit [code]</c> (dispose what there is,
/// and return from Main), <c>quit [code]</c> (<see cref="Environment.Exit"/>).
/// </summary>
internal sealed partial class ProcessCommands(CommandHost host)
{
    // Windows numbers the handles of a process from 4 on in steps of 4, and reuses them.
    private const nint LastHandle = 0x4000;

    public void Register()
    {
        host.Add("echo", line => Task.FromResult(line.Word(0) ?? ""));
        host.Add("pid", _ => Reply(Environment.ProcessId));
        host.Add("where", _ => Task.FromResult($"directory={Environment.CurrentDirectory} home={HomeDirectory()}"));
        host.Add("variable", line =>
        {
            foreach ((string name, string value) in line.Settings)
            {
                Environment.SetEnvironmentVariable(name, value);
            }

            return Task.FromResult("");
        });
        host.Add("threads", line => Task.FromResult(CountThreads(Uri.UnescapeDataString(line.Word(0) ?? "TokenRefresh"))));
        host.Add("fds", line => Task.FromResult(CountDescriptors(line.Word(0))));
        host.Add("held", _ => Task.FromResult(CountHeld()));
        host.Add(
            "cputime",
            _ => Task.FromResult($"ms={Environment.CpuUsage.TotalTime.TotalMilliseconds.ToString("F0", CultureInfo.InvariantCulture)}"));
        host.Add("memory", _ => Reply(GC.GetTotalMemory(forceFullCollection: true)));
        host.Add("collect", _ => Collect());
        host.Add("hang", _ => new TaskCompletionSource<string>().Task);
        host.Add("exit", line =>
        {
            host.Exit(line.Count(0, fallback: 0));
            return Task.FromResult("");
        });
        host.Add("quit", line =>
        {
            Environment.Exit(line.Count(0, fallback: 0));
            return Task.FromResult("");
        });
    }

    private static string HomeDirectory() =>
        Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify);

    private static Task<string> Reply(long number) => Task.FromResult(number.ToString(CultureInfo.InvariantCulture));

    private static Task<string> Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        return Task.FromResult("");
    }

    /// <summary>Linux cuts a thread's name to 15 characters, so that a prefix is compared.</summary>
    private static string CountThreads(string prefix)
    {
        if (!OperatingSystem.IsLinux())
        {
            using var self = Process.GetCurrentProcess();
            return $"all={self.Threads.Count}";
        }

        string[] names = [.. Directory.GetDirectories("/proc/self/task").Select(task => ReadOrEmpty(Path.Combine(task, "comm")).TrimEnd())];
        return $"named={names.Count(name => name.StartsWith(prefix, StringComparison.Ordinal))} all={names.Length}";
    }

    // The runtime starts and ends the threads of its pool and of its compiler as it likes, and loads an assembly when some code is compiled
    // for the second time.
    private static string CountHeld()
    {
        if (OperatingSystem.IsLinux())
        {
            int threads = Directory.GetDirectories("/proc/self/task")
                .Select(task => ReadOrEmpty(Path.Combine(task, "comm")))
                .Count(name => name.Length > 0 && !name.StartsWith(".NET T", StringComparison.Ordinal));
            int files = Directory.GetFiles("/proc/self/fd").Count(file => !LinkTarget(file).EndsWith(".dll", StringComparison.Ordinal));
            return $"threads={threads} handles={files}";
        }

        using var self = Process.GetCurrentProcess();
        return $"threads={self.Threads.Count - ThreadPool.ThreadCount} handles={CountHandles()}";
    }

    // One by one: Wine answers with the size of its table when it is asked for their number.
    private static int CountHandles()
    {
        var count = 0;
        for (nint handle = 4; handle <= LastHandle; handle += 4)
        {
            count += GetHandleInformation(handle, out _) != 0 ? 1 : 0;
        }

        return count;
    }

    [LibraryImport("kernel32")]
    private static partial int GetHandleInformation(nint handle, out uint flags);

    private static string CountDescriptors(string? part)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException("Descriptors are counted on Linux only.");
        }

        string[] targets = [.. Directory.GetFiles("/proc/self/fd").Select(LinkTarget)];
        int named = part is null ? 0 : targets.Count(target => target.Contains(part, StringComparison.Ordinal));
        return $"named={named} all={targets.Length}";
    }

    private static string LinkTarget(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget ?? "";
        }
        catch (IOException)
        {
            // Closed meanwhile.
            return "";
        }
    }

    private static string ReadOrEmpty(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            // The thread has ended meanwhile.
            return "";
        }
    }
}
