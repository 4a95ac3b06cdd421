using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace TokenRefresh.Interop;

/// <summary>Tells of renames in directories on Linux. One inotify instance and one thread per process, from the first wait on.</summary>
/// <remarks>
/// Called directly, since <see cref="FileSystemWatcher"/> cannot be told to leave out what is created and deleted: with it each process that waits wakes for the temp file of every save, and each has an instance and a thread
/// per directory, of which a user has 128.
/// </remarks>
[SupportedOSPlatform("linux")]
internal static partial class Inotify
{
    private const string ThreadName = "TokenRefresh watch";

    private const int StackSize = 256 * 1024;

    // The same numbers on all of Linux's architectures that .NET runs on.
    private const uint MovedTo = 0x80;
    private const uint MoveSelf = 0x800;
    private const uint Overflow = 0x4000;
    private const uint Ignored = 0x8000;
    private const uint OnlyDirectory = 0x0100_0000;

    // struct inotify_event: int wd, uint32_t mask, cookie, len, and then len bytes of name, filled up with zeros.
    private const int MaskOffset = 4;
    private const int LengthOffset = 12;
    private const int HeaderSize = 16;

    private static readonly object Monitor = new();
    private static readonly Dictionary<int, List<Subscription>> Subscriptions = [];
    private static SafeFileHandle? _instance;

    /// <summary>Calls back, on a thread that must not be kept, when something is renamed to this path or to one that begins with it (the stash beside it), and when no further call will come.</summary>
    /// <returns>What ends it, or <see langword="null"/> if it cannot be watched: no such directory, or this user's instances or watches are in use.</returns>
    internal static IDisposable? TrySubscribe(string path, Action onChange, Action onLost)
    {
        lock (Monitor)
        {
            if ((_instance ??= TryOpen()) is not { } instance)
            {
                return null;
            }

            // For a directory that is watched already it returns the same number again.
            int watch = AddWatch(instance, Path.GetDirectoryName(path)!, MovedTo | MoveSelf | OnlyDirectory);
            if (watch < 0)
            {
                return null;
            }

            var subscription = new Subscription(watch, Encoding.UTF8.GetBytes(Path.GetFileName(path)), onChange, onLost);
            if (!Subscriptions.TryGetValue(watch, out List<Subscription>? subscriptions))
            {
                Subscriptions.Add(watch, subscriptions = []);
            }

            subscriptions.Add(subscription);
            return subscription;
        }
    }

    private static SafeFileHandle? TryOpen()
    {
        int descriptor = Init(Libc.CloseOnExec);
        if (descriptor < 0)
        {
            return null;
        }

        var instance = new SafeFileHandle(descriptor, ownsHandle: true);
        try
        {
            // A background thread: it must not keep the process alive.
            new Thread(Read, StackSize) { IsBackground = true, Name = ThreadName }.UnsafeStart(instance);
            return instance;
        }
        catch (Exception e) when (e is OutOfMemoryException or ThreadStartException)
        {
            instance.Dispose();
            return null;
        }
    }

    private static void Read(object? state)
    {
        var instance = (SafeFileHandle)state!;
        var buffer = new byte[4096];
        var calls = new List<Action>();
        try
        {
            while (true)
            {
                // Blocks; the offset is none for what cannot be sought.
                int length = RandomAccess.Read(instance, buffer, fileOffset: 0);
                lock (Monitor)
                {
                    CollectCalls(buffer.AsSpan(0, length), calls);
                }

                calls.ForEach(static call => call());
                calls.Clear();
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Never seen; EBADF, for one, if foreign code closed a descriptor that was not its own. The next subscriber gets another instance; those of this one have their polls.
            lock (Monitor)
            {
                instance.Dispose();
                _instance = null;
                calls.AddRange(Subscriptions.Values.SelectMany(static subscriptions => subscriptions).Select(static subscription => subscription.OnLost));
                Subscriptions.Clear();
            }

            calls.ForEach(static call => call());
        }
    }

    private static void CollectCalls(ReadOnlySpan<byte> events, List<Action> calls)
    {
        while (events.Length >= HeaderSize)
        {
            int watch = BitConverter.ToInt32(events);
            uint mask = BitConverter.ToUInt32(events[MaskOffset..]);
            int length = BitConverter.ToInt32(events[LengthOffset..]);
            ReadOnlySpan<byte> name = events.Slice(HeaderSize, length);
            events = events[(HeaderSize + length)..];
            if ((mask & Overflow) != 0)
            {
                calls.AddRange(Subscriptions.Values.SelectMany(static subscriptions => subscriptions).Select(static subscription => subscription.OnChange));
            }
            else if (!Subscriptions.TryGetValue(watch, out List<Subscription>? subscriptions))
            {
                // Ended meanwhile, which the system confirms with an event of its own.
            }
            else if ((mask & (Ignored | MoveSelf)) != 0)
            {
                // The directory is gone, or has another name.
                Subscriptions.Remove(watch);
                calls.AddRange(subscriptions.Select(static subscription => subscription.OnLost));
                if ((mask & Ignored) == 0)
                {
                    RemoveWatch(_instance!, watch);
                }
            }
            else
            {
                foreach (Subscription subscription in subscriptions)
                {
                    if (name.StartsWith(subscription.Name))
                    {
                        calls.Add(subscription.OnChange);
                    }
                }
            }
        }
    }

    private static void End(Subscription subscription)
    {
        lock (Monitor)
        {
            if (Subscriptions.TryGetValue(subscription.Watch, out List<Subscription>? subscriptions) && subscriptions.Remove(subscription) && subscriptions.Count == 0)
            {
                Subscriptions.Remove(subscription.Watch);
                RemoveWatch(_instance!, subscription.Watch);
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "inotify_init1", SetLastError = true)]
    private static partial int Init(int flags);

    [LibraryImport("libc", EntryPoint = "inotify_add_watch", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int AddWatch(SafeFileHandle instance, string path, uint mask);

    [LibraryImport("libc", EntryPoint = "inotify_rm_watch", SetLastError = true)]
    private static partial int RemoveWatch(SafeFileHandle instance, int watch);

    private sealed class Subscription(int watch, byte[] name, Action onChange, Action onLost) : IDisposable
    {
        internal int Watch { get; } = watch;

        internal byte[] Name { get; } = name;

        internal Action OnChange { get; } = onChange;

        internal Action OnLost { get; } = onLost;

        public void Dispose() => End(this);
    }
}
