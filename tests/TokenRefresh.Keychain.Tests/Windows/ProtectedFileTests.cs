using System.Text;
using FluentAssertions;
using TokenRefresh.Interop;
using TokenRefresh.Keychain.Windows;
using TokenRefresh.Stores;

namespace TokenRefresh.Keychain.Tests.Windows;

/// <summary>What every store must do, of the file store over an encryption that any system has.</summary>
public sealed class ProtectedFileTests : CredentialsStoreConformanceTests
{
    // Other processes go by their own, which stands still too.
    private readonly ManualTimeProvider _time = new();

    protected override TimeProvider TimeProvider => _time;

    protected override ValueTask<ICredentialsStore> OpenStoreAsync(string medium) => new(new FileCredentialsStore(
        new(PathIn(medium), CredentialsFileFormat.Auto, lockPath: null, allowUnreliableLock: false, TimeSpan.FromSeconds(5)),
        _time,
        new ProtectedFileOperations(FileOperations.Default, Turn, Turn)));

    protected override Task PassTimeAsync(Task work) => _time.AdvanceThroughShortPausesAsync(work, TimeSpan.FromMilliseconds(300));

    protected override async ValueTask<Func<ValueTask<bool>>?> AddUnknownDataAsync(string medium)
    {
        const string member = "\"mcpOAuth\": { \"server|1\": { \"accessToken\": \"other\" } }";
        string text = await ReadAsync(medium);
        await WriteAsync(medium, "{ " + member + "," + text[(text.IndexOf('{') + 1)..]);
        return async () => (await ReadAsync(medium)).Contains(member, StringComparison.Ordinal);
    }

    protected override async ValueTask<bool> TryDamageLoginAsync(string medium)
    {
        await WriteAsync(medium, (await ReadAsync(medium))[..^10]);
        return true;
    }

    protected override async ValueTask<bool> TryDamageRecordAsync(string medium)
    {
        var garbage = new byte[200_000];
        Array.Fill(garbage, (byte)0xA5);
        await using FileStream file = new(
            PathIn(medium) + CredentialsFilePaths.LockSuffix, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        await file.WriteAsync(garbage);
        return true;
    }

    private static string PathIn(string medium) => Path.Combine(medium, "login.dpapi");

    private static byte[] Turn(byte[] bytes) => Array.ConvertAll(bytes, value => (byte)~value);

    private static async Task<string> ReadAsync(string medium) =>
        Encoding.UTF8.GetString(Turn(await File.ReadAllBytesAsync(PathIn(medium))));

    private static Task WriteAsync(string medium, string text) =>
        File.WriteAllBytesAsync(PathIn(medium), Turn(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public async Task The_file_holds_no_token()
    {
        using var directory = new TempDirectory();
        ICredentialsStore store = await OpenStoreAsync(directory.Path);
        await using ICredentialsLease lease = (await store.AcquireLeaseAsync(TimeSpan.Zero, TestContext.Current.CancellationToken))!;

        await lease.CommitAsync(null, new OAuthCredentials("access-text", "refresh-text"), TestContext.Current.CancellationToken);

        Encoding.Latin1.GetString(await File.ReadAllBytesAsync(PathIn(directory.Path), TestContext.Current.CancellationToken))
            .Should().NotContain("text");
        (await ReadAsync(directory.Path)).Should().Contain("refresh-text");
    }

    [Fact]
    public async Task On_Windows_the_keychain_is_a_file_under_DPAPI()
    {
        Assert.SkipUnless(OperatingSystem.IsWindows(), "DPAPI is one of Windows.");
        using var directory = new TempDirectory();
        using var store = new KeychainCredentialsStore(new KeychainOptions { Service = "tests", StateDirectory = directory.Path });
        await using ICredentialsLease lease = (await store.AcquireLeaseAsync(TimeSpan.Zero, TestContext.Current.CancellationToken))!;
        await lease.PrepareAsync(TestContext.Current.CancellationToken);

        await lease.CommitAsync(null, new OAuthCredentials("access-text", "refresh-text"), TestContext.Current.CancellationToken);

        (await store.ReadAsync(TestContext.Current.CancellationToken))!.RefreshToken.Should().Be("refresh-text");
        Encoding.Latin1.GetString(await File.ReadAllBytesAsync(store.Location, TestContext.Current.CancellationToken))
            .Should().NotContain("text");
    }

    [Fact]
    public async Task A_file_that_cannot_be_decrypted_is_left_alone()
    {
        using var directory = new TempDirectory();
        await File.WriteAllBytesAsync(PathIn(directory.Path), [1, 2, 3], TestContext.Current.CancellationToken);
        using var store = new FileCredentialsStore(
            new(PathIn(directory.Path), CredentialsFileFormat.Auto, null, false, TimeSpan.FromSeconds(5)),
            TimeProvider.System,
            new ProtectedFileOperations(
                FileOperations.Default, Turn, _ => throw new System.Security.Cryptography.CryptographicException("no key")));

        Func<Task> read = async () => await store.ReadAsync(TestContext.Current.CancellationToken);

        (await read.Should().ThrowAsync<CredentialsFileException>()).Which.Message.Should().Contain("decrypted");
        File.ReadAllBytes(PathIn(directory.Path)).Should().Equal(1, 2, 3);
    }
}
