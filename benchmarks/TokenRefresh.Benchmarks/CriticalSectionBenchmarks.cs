using System.Security.Cryptography;
using BenchmarkDotNet.Attributes;
using Microsoft.Win32.SafeHandles;
using TokenRefresh.Benchmarks.Reporting;
using TokenRefresh.Provider;
using TokenRefresh.Refresh;

namespace TokenRefresh.Benchmarks;

/// <summary>
/// What other processes wait for beside the exchange itself: from the lock's grant to its release, on a real disk, against the same system calls with nothing around them.
/// </summary>
public class CriticalSectionBenchmarks : IAsyncDisposable, IHostedQuestion
{
    private const int LockRecordOffset = 4096;
    private const int RoomForOthers = 64 * 1024;

    private readonly WorkDirectory _directory = new();
    private readonly byte[] _document = SampleCredentials.Write(new OAuthCredentials(new string('a', 60), new string('r', 60), TimeProvider.System.GetUtcNow()));
    private readonly byte[] _holder = RandomNumberGenerator.GetBytes(512);
    private readonly byte[] _nobody = new byte[512];
    private readonly byte[] _record = RandomNumberGenerator.GetBytes(400);
    private readonly byte[] _buffer = new byte[8192];
    private ProviderParts _owned = null!;
    private ProviderState _memory = null!;
    private string _path = null!;
    private string _floorPath = null!;
    private string _floorLockPath = null!;
    private SafeFileHandle _floorLock = null!;

    string IHostedQuestion.Title => "Critical section: what others wait for beside the exchange";

    string IHostedQuestion.Setting => "A whole transaction under the lock, with a token endpoint in memory and the file on a disk; against the system calls of it alone.";

    IReadOnlyList<Target> IHostedQuestion.GetTargets(HostedResults results) =>
    [
        new("TokenRefresh over the floor", 1.5, results.Nanoseconds(nameof(Production)) / results.Nanoseconds(nameof(Floor)), "×"),
    ];

    [GlobalSetup]
    public void SetUp()
    {
        _path = Path.Combine(_directory.Path, "production.json");
        _floorPath = Path.Combine(_directory.Path, "floor.json");
        _floorLockPath = _floorPath + ".lock";
        File.WriteAllBytes(_path, _document);
        File.WriteAllBytes(_floorPath, _document);
        _floorLock = SystemCalls.OpenLockFile(_floorLockPath);
        RandomAccess.Write(_floorLock, new byte[3 * LockRecordOffset], 0);

        // A lifetime of zero: what was just saved has expired, so that each transaction finds an expired token.
        var options = new TokenRefreshOptions
        {
            CredentialsPath = _path,
            TokenEndpoint = new Uri("https://localhost/in-memory"),
            ClientId = "benchmarks",
            HandleProcessSignals = false,
        };
        _owned = ProviderParts.Create(options, new CoordinatedTokenProviderServices { TokenEndpointClient = new InMemoryEndpoint(TimeSpan.Zero) }, invoker: null, name: null);
        _memory = new ProviderState(TimeProvider.System);
    }

    [GlobalCleanup]
    public ValueTask DisposeAsync()
    {
        _owned.Dispose();
        _floorLock.Dispose();
        _directory.Dispose();
        GC.SuppressFinalize(this);
        return default;
    }

    [Benchmark(Baseline = true, Description = "floor: the system calls alone")]
    public int Floor()
    {
        if (!SystemCalls.TryLock(_floorLock))
        {
            throw new InvalidOperationException("The lock is nobody else's.");
        }

        // Who holds it, and that the path still names it.
        RandomAccess.Write(_floorLock, _holder, 0);
        int read = ReadWhole(_floorLockPath);

        // Under the lock: the record, the credentials.
        read += RandomAccess.Read(_floorLock, _buffer, LockRecordOffset);
        read += ReadWhole(_floorPath);

        // The probe, with room for the save.
        string temp = _floorPath + ".tmp";
        using (SafeFileHandle probe = File.OpenHandle(temp, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read, FileOptions.None, _document.Length + RoomForOthers))
        {
            // The attempt, before the request leaves.
            RandomAccess.Write(_floorLock, _record, LockRecordOffset);
            RandomAccess.FlushToDisk(_floorLock);

            // The save.
            read += ReadWhole(_floorPath);
            RandomAccess.Write(probe, _document, 0);
            RandomAccess.SetLength(probe, _document.Length);
            RandomAccess.FlushToDisk(probe);
            SystemCalls.Replace(temp, _floorPath);
            SystemCalls.FlushDirectory(_directory.Path);
        }

        read += ReadWhole(_floorPath);
        RandomAccess.Write(_floorLock, _record, LockRecordOffset);
        RandomAccess.Write(_floorLock, _nobody, 0);
        SystemCalls.Unlock(_floorLock);
        return read;
    }

    [Benchmark(Description = "TokenRefresh: grant to release")]
    public async Task<object> Production()
    {
        RefreshContext services = _owned.Services;
        ICredentialsLease lease = await services.Store.AcquireLeaseAsync(TimeSpan.Zero) ?? throw new InvalidOperationException("The lock is nobody else's.");
        await using (lease)
        {
            using var refresh = new LeasedRefresh(services, _memory, new RefreshPolicy(services, _memory, new RefreshReason(null, null)), lease);
            return await refresh.RunAsync(CancellationToken.None) ?? throw new InvalidOperationException("The lease is exclusive.");
        }
    }

    private int ReadWhole(string path)
    {
        using SafeFileHandle file = SystemCalls.OpenForReading(path);
        return RandomAccess.Read(file, _buffer, 0);
    }
}
