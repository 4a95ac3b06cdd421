using System.Text;
using TokenRefresh.Keychain.Tests.Support;

namespace TokenRefresh.Keychain.Tests.Linux;

/// <summary>What every store must do, of the keychain's over gnome-keyring.</summary>
/// <param name="keyring">The service; none in the processes that these tests start, which find it by the medium.</param>
public sealed class SecretServiceConformanceTests(SharedKeyring? keyring) : CredentialsStoreConformanceTests
{
    private const string Unknown = "\"mcpOAuth\":{\"server|1\":{\"accessToken\":\"other\"}}";

    // A directory and the name of an item.
    protected override ValueTask<string> CreateMediumAsync() => new($"{keyring!.Keyring.Directory}|{Guid.NewGuid():N}");

    protected override ValueTask DeleteMediumAsync(string medium) => default;

    protected override ValueTask<ICredentialsStore> OpenStoreAsync(string medium) =>
        new(Keyring.Open(DirectoryOf(medium), ItemOf(medium)));

    protected override async ValueTask<Func<ValueTask<bool>>?> AddUnknownDataAsync(string medium)
    {
        string text = await ReadAsync(medium);
        await Keyring.WriteAsync(DirectoryOf(medium), ItemOf(medium), "{" + Unknown + "," + text[(text.IndexOf('{') + 1)..]);
        return async () => (await ReadAsync(medium)).Contains(Unknown, StringComparison.Ordinal);
    }

    protected override async ValueTask<bool> TryDamageLoginAsync(string medium)
    {
        await Keyring.WriteAsync(DirectoryOf(medium), ItemOf(medium), (await ReadAsync(medium))[..^10]);
        return true;
    }

    protected override async ValueTask<bool> TryDamageRecordAsync(string medium)
    {
        using KeychainCredentialsStore store = Keyring.Open(DirectoryOf(medium), ItemOf(medium));
        await using FileStream file = new(store.LockPath, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        var garbage = new byte[200_000];
        Array.Fill(garbage, (byte)0xA5);
        await file.WriteAsync(garbage);
        return true;
    }

    private static string DirectoryOf(string medium) => medium.Split('|')[0];

    private static string ItemOf(string medium) => medium.Split('|')[1];

    private static async Task<string> ReadAsync(string medium) =>
        Encoding.UTF8.GetString((await Keyring.ReadAsync(DirectoryOf(medium), ItemOf(medium)))!);
}
