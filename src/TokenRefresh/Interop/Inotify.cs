using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace TokenRefresh.Interop;

/// <summary>Tells of renames in directories on Linux.</summary>
/// <remarks>
/// Called directly, since <see cref="FileSystemWatcher"/> cannot be told to leave out what is created and deleted: with it each process
/// that waits wakes for the temp file of every save, and each has an instance and a thread per directory, of which a user has 128.
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed partial class Inotify : IDisposable
{
    // The same numbers on all of Linux's architectures that .NET runs on.
    private const uint MovedTo = 0x80;
    private const uint MoveSelf = 0x800;
    private const uint OnlyDirectory = 0x0100_0000;
    private const uint Overflow = 0x4000;
    private const uint Ignored = 0x8000;
    private const short Readable = 1;

    // struct inotify_event: int wd, uint32_t mask, cookie, len, and then len bytes of name, filled up with zeros.
    private const int MaskOffset = 4;
    private const int LengthOffset = 12;
    private const int HeaderSize = 16;

    private readonly SafeFileHandle _instance;
    private readonly byte[] _buffer = new byte[4096];

    private Inotify(SafeFileHandle instance) => _instance = instance;

    /// <returns><see langword="null"/> if this user's instances are in use.</returns>
    internal static Inotify? TryOpen()
    {
        int descriptor = Init(Libc.CloseOnExec);
        return descriptor < 0 ? null : new Inotify(new SafeFileHandle(descriptor, ownsHandle: true));
    }

    /// <summary>Watches a directory; one that is watched already has the same number again.</summary>
    /// <returns>The number of the watch; negative if there is no such directory, or this user's watches are in use.</returns>
    internal int Add(string directory) => AddWatch(_instance, directory, MovedTo | MoveSelf | OnlyDirectory);

    internal void Remove(int watch) => _ = RemoveWatch(_instance, watch);

    /// <summary>Waits for events, on the one thread that reads them.</summary>
    /// <returns>The events, for <see cref="TryTake"/>; none when the time is over.</returns>
    /// <exception cref="IOException">No further event will come.</exception>
    internal ReadOnlySpan<byte> Wait(int milliseconds)
    {
        var poll = new PollDescriptor { Descriptor = (int)_instance.DangerousGetHandle(), Events = Readable };

        // Interrupted is as good as over: the caller looks at the file and waits again.
        return Poll(ref poll, 1, milliseconds) > 0 ? _buffer.AsSpan(0, RandomAccess.Read(_instance, _buffer, fileOffset: 0)) : default;
    }

    /// <summary>Takes the next event.</summary>
    /// <param name="events">What <see cref="Wait"/> returned; afterwards what is left of it.</param>
    /// <param name="watch">The number of the watch; negative if events were lost, of whichever watch.</param>
    /// <param name="name">The name, in its directory, to which a file was renamed; empty if the directory itself is gone or has another
    /// name.</param>
    internal static bool TryTake(ref ReadOnlySpan<byte> events, out int watch, out ReadOnlySpan<byte> name)
    {
        if (events.Length < HeaderSize)
        {
            watch = 0;
            name = default;
            return false;
        }

        uint mask = BitConverter.ToUInt32(events[MaskOffset..]);
        int length = BitConverter.ToInt32(events[LengthOffset..]);
        watch = (mask & Overflow) != 0 ? -1 : BitConverter.ToInt32(events);
        name = (mask & (Ignored | MoveSelf)) != 0 ? default : events.Slice(HeaderSize, length).TrimEnd((byte)0);
        events = events[(HeaderSize + length)..];
        return true;
    }

    [LibraryImport("libc", EntryPoint = "inotify_init1", SetLastError = true)]
    private static partial int Init(int flags);

    [LibraryImport("libc", EntryPoint = "inotify_add_watch", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int AddWatch(SafeFileHandle instance, string path, uint mask);

    [LibraryImport("libc", EntryPoint = "inotify_rm_watch", SetLastError = true)]
    private static partial int RemoveWatch(SafeFileHandle instance, int watch);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(ref PollDescriptor descriptors, nuint count, int milliseconds);

    public void Dispose() => _instance.Dispose();

    private struct PollDescriptor
    {
        internal int Descriptor;
        internal short Events;
        internal short ReturnedEvents;
    }
}
