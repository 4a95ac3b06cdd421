// Consumer [keyring]: what a program sees without a keychain, or with one that it may use: a login is stored, read and removed.
using System.Diagnostics;
using TokenRefresh;
using TokenRefresh.Keychain;

if (args is not ["keyring"])
{
    Environment.SetEnvironmentVariable("DBUS_SESSION_BUS_ADDRESS", "unix:path=/no/bus");
}

var state = Directory.CreateTempSubdirectory("tokenrefresh-ci-");
try
{
    using var store = new KeychainCredentialsStore(
        new KeychainOptions { Service = "tokenrefresh-ci", Account = "ci", StateDirectory = state.FullName });
    var start = Stopwatch.GetTimestamp();
    if (args is not ["keyring"])
    {
        try
        {
            await store.ReadAsync();
            throw new InvalidOperationException("Without a keychain, something was read.");
        }
        catch (CredentialsFileException e) when (e.InnerException is KeychainException { Failure: KeychainFailure.Unavailable })
        {
            Console.WriteLine(e.Message);
            return 0;
        }
    }

    await ReadAsync(expected: null);
    Console.WriteLine($"first read: {Stopwatch.GetElapsedTime(start).TotalMilliseconds:F0} ms");
    await CommitAsync(null, new("access", "refresh", DateTimeOffset.UnixEpoch.AddYears(60)));
    await ReadAsync("refresh");

    start = Stopwatch.GetTimestamp();
    for (var i = 0; i < 100; i++)
    {
        await ReadAsync("refresh");
    }

    Console.WriteLine($"read: {Stopwatch.GetElapsedTime(start).TotalMilliseconds / 100:F2} ms");
    start = Stopwatch.GetTimestamp();
    var last = new OAuthCredentials("access", "refresh");
    for (var i = 0; i < 20; i++)
    {
        await CommitAsync(last, last = new($"access-{i}", $"refresh-{i}"));
    }

    Console.WriteLine($"lock, check, compare, write and read back: {Stopwatch.GetElapsedTime(start).TotalMilliseconds / 20:F2} ms");
    await CommitAsync(last, null);
    await ReadAsync(expected: null);
    return 0;

    async Task ReadAsync(string? expected)
    {
        if ((await store.ReadAsync())?.RefreshToken != expected)
        {
            throw new InvalidOperationException("Another login was read than was stored.");
        }
    }

    async Task CommitAsync(OAuthCredentials? expected, OAuthCredentials? next)
    {
        await using var lease = await store.AcquireLeaseAsync(TimeSpan.FromSeconds(10));
        if (lease is null || !await lease.PrepareAsync() || !(await lease.CommitAsync(expected, next)).IsCommitted)
        {
            throw new InvalidOperationException("The login was not stored.");
        }
    }
}
finally
{
    state.Delete(recursive: true);
}
