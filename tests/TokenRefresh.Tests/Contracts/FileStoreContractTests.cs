using FluentAssertions;
using TokenRefresh.Stores;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Contracts;

/// <summary>What every store must do, of the file store.</summary>
public class FileStoreContractTests : CredentialsStoreConformanceTests
{
    // Other processes go by their own, which stands still too.
    private readonly ManualTimeProvider _time = new();

    protected override TimeProvider TimeProvider => _time;

    protected override ValueTask<ICredentialsStore> OpenStoreAsync(string medium) => new(NewStore(medium));

    // A store may look again for a while before it calls a missing login a logout.
    protected override Task PassTimeAsync(Task work) => _time.AdvanceThroughShortPausesAsync(work, TimeSpan.FromMilliseconds(300));

    protected override async ValueTask<Func<ValueTask<bool>>?> AddUnknownDataAsync(string medium)
    {
        const string member = "\"mcpOAuth\": { \"server|1\": { \"accessToken\": \"other\" } }";
        string text = await File.ReadAllTextAsync(PathIn(medium));
        await File.WriteAllTextAsync(PathIn(medium), "{ " + member + "," + text[(text.IndexOf('{', StringComparison.Ordinal) + 1)..]);
        return async () => (await File.ReadAllTextAsync(PathIn(medium))).Contains(member, StringComparison.Ordinal);
    }

    protected override async ValueTask<bool> TryDamageLoginAsync(string medium)
    {
        await File.WriteAllTextAsync(PathIn(medium), (await File.ReadAllTextAsync(PathIn(medium)))[..^10]);
        return true;
    }

    protected override async ValueTask<bool> TryDamageRecordAsync(string medium)
    {
        await using FileStream file = new(
            PathIn(medium) + CredentialsFilePaths.LockSuffix, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        var garbage = new byte[200_000];
        Array.Fill(garbage, (byte)0xA5);
        await file.WriteAsync(garbage);
        return true;
    }

    private protected FileCredentialsStore NewStore(string medium) => new(
        new(PathIn(medium), CredentialsFileFormat.Auto, lockPath: null, allowUnreliableLock: false, TimeSpan.FromSeconds(5)), _time);

    private static string PathIn(string medium) => Path.Combine(medium, ".credentials.json");

    [Fact]
    public async Task A_release_wakes_a_waiter_without_the_clock()
    {
        using var directory = new TempDirectory();
        ICredentialsStore store = NewStore(directory.Path);
        ICredentialsStore other = NewStore(directory.Path);
        ICredentialsLease? lease = await store.AcquireLeaseAsync(TimeSpan.Zero);
        Task<ICredentialsLease?> waiting = other.AcquireLeaseAsync(TimeSpan.FromMinutes(1)).AsTask();

        await lease!.DisposeAsync();

        await using ICredentialsLease? granted = await waiting.WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System);
        granted.Should().NotBeNull();
        _time.Elapsed.Should().Be(TimeSpan.Zero);
    }
}
