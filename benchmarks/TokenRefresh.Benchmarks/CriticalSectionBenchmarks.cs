using System.Diagnostics;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using TokenRefresh.Benchmarks.Coordinations;
using TokenRefresh.Benchmarks.Reporting;
using TokenRefresh.Benchmarks.Workers;

namespace TokenRefresh.Benchmarks;

/// <summary>
/// What other processes wait for beside the exchange itself: from the call that gets the lock to its release, on a real disk, against the
/// same system calls with nothing around them.
/// </summary>
internal sealed class CriticalSectionBenchmarks : IQuestion
{
    private const int HolderLength = 512;
    private const int RecordOffset = HolderLength;
    private const int RoomForOthers = 64 * 1024;

    private readonly byte[] _document = SampleCredentials.Write(
        new OAuthCredentials(new string('a', 60), new string('r', 60), TimeProvider.System.GetUtcNow()));

    private readonly byte[] _holder = RandomNumberGenerator.GetBytes(HolderLength);
    private readonly byte[] _noHolder = new byte[HolderLength];
    private readonly byte[] _record = RandomNumberGenerator.GetBytes(400);
    private readonly byte[] _buffer = new byte[8192];

    public async Task<Answer> AskAsync(Effort effort)
    {
        int rounds = effort == Effort.Whole ? 2000 : 300;
        using var directory = new WorkDirectory();
        string floorPath = Path.Combine(directory.Path, "floor.json");
        string path = Path.Combine(directory.Path, "production.json");
        await File.WriteAllBytesAsync(floorPath, _document);
        await File.WriteAllBytesAsync(path, _document);
        using SafeFileHandle floorLock = SystemCalls.OpenLockFile(floorPath + ".lock");
        RandomAccess.Write(floorLock, new byte[HolderLength + _record.Length], 0);

        var clock = new ForwardClock();
        using var store = new LeaseTimer(OwnStore.Create(path, clock, () => { }));
        await using CoordinatedTokenProvider provider = CoordinatedTokenProvider.Create(
            options =>
            {
                options.TokenEndpoint = new Uri("https://localhost/in-memory");
                options.ClientId = CoordinationSettings.ClientId;
                options.HandleProcessSignals = false;
            },
            new CoordinatedTokenProviderServices
            {
                CredentialsStore = store,
                TimeProvider = clock,
                TokenEndpointClient = new InMemoryEndpoint(TimeSpan.FromHours(1)),
            });

        // In turn, since the time of a flush changes with all that the disk does.
        var floor = new List<double>();
        var own = new List<double>();
        for (var i = -100; i < rounds; i++)
        {
            long start = Stopwatch.GetTimestamp();
            RunFloor(floorLock, floorPath, directory.Path);
            TimeSpan floorTime = Stopwatch.GetElapsedTime(start);

            // Beyond the hour of the token that the last round has saved.
            clock.SetAhead(TimeSpan.FromHours(2 * (i + 101)));
            await provider.GetAccessTokenAsync();
            if (i >= 0)
            {
                floor.Add(floorTime.TotalMicroseconds);
                own.Add(store.LastHeld.TotalMicroseconds);
            }
        }

        var table = new Table("under the lock", "median, µs", "over the floor");
        table.Add("floor: the system calls alone", Figure.Of(floor.Median()), "1.00");
        table.Add("TokenRefresh: call to release", Figure.Of(own.Median()), Figure.Ratio(own.Median(), floor.Median()));
        return new Answer(
            "Critical section: what others wait for beside the exchange",
            "A whole transaction under the lock, with a token endpoint in memory and the file on a disk; against the system calls of "
            + $"it alone. Medians of {rounds} rounds, in turn, after 100 uncounted ones.",
            [("", table.ToString())],
            [new("critical section over its floor", 1.4, own.Median() / floor.Median(), "×")]);
    }

    private void RunFloor(SafeFileHandle lockFile, string path, string directory)
    {
        if (!SystemCalls.TryLock(lockFile))
        {
            throw new InvalidOperationException("No other process has this lock.");
        }

        // The holder, and that the path still names the locked file.
        RandomAccess.Write(lockFile, _holder, 0);
        ReadWhole(path + ".lock");

        // Under the lock: the record and the credentials.
        RandomAccess.Read(lockFile, _buffer, RecordOffset);
        ReadWhole(path);

        // The temp file, with room for the save.
        string tempPath = path + ".tmp";
        using (SafeFileHandle temp = File.OpenHandle(
            tempPath, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read, FileOptions.None, _document.Length + RoomForOthers))
        {
            // The attempt, before the request is sent.
            RandomAccess.Write(lockFile, _record, RecordOffset);
            RandomAccess.FlushToDisk(lockFile);

            // The save.
            ReadWhole(path);
            RandomAccess.Write(temp, _document, 0);
            RandomAccess.SetLength(temp, _document.Length);
            RandomAccess.FlushToDisk(temp);
            SystemCalls.Replace(tempPath, path);
            SystemCalls.FlushDirectory(directory);
        }

        ReadWhole(path);
        RandomAccess.Write(lockFile, _record, RecordOffset);
        RandomAccess.Write(lockFile, _noHolder, 0);
        SystemCalls.Unlock(lockFile);
    }

    private void ReadWhole(string path)
    {
        using SafeFileHandle file = SystemCalls.OpenForReading(path);
        RandomAccess.Read(file, _buffer, 0);
    }
}
