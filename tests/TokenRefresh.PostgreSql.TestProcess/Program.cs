using System.Globalization;
using TokenRefresh;
using TokenRefresh.PostgreSql;
using TokenRefresh.Testing;
using TokenRefresh.TestProcess;

// Commands: 'create connection= login= endpoint= [refresh-timeout= save-timeout= lock-timeout= command-timeout= window=]', and 'insist',
// which asks a new provider until it gives a token that is not about to expire, or an error that no later call could change.
var host = new CommandHost(Console.Out);
PostgreSqlCredentialsStore? store = null;
Func<CoordinatedTokenProvider>? create = null;
host.Add("create", line =>
{
    TimeSpan Time(string name, double seconds) => TimeSpan.FromMilliseconds(
        double.Parse(line.Settings.GetValueOrDefault(name) ?? $"{seconds * 1000:F0}", CultureInfo.InvariantCulture));
    TimeSpan refresh = Time("refresh-timeout", 20);
    TimeSpan save = Time("save-timeout", 5);
    store = new PostgreSqlCredentialsStore(new PostgreSqlStoreOptions
    {
        ConnectionString = line.Settings["connection"],
        Name = line.Settings["login"],
        RefreshTimeout = refresh,
        SaveTimeout = save,
        CommandTimeout = Time("command-timeout", 5),
    });
    create = () => CoordinatedTokenProvider.Create(
        options =>
        {
            options.TokenEndpoint = new Uri(line.Settings["endpoint"]);
            options.ClientId = "tests";
            options.AllowInsecureHttp = true;
            options.RefreshTimeout = refresh;
            options.AttemptTimeout = refresh * 0.75;
            options.SaveTimeout = save;
            options.LockTimeout = Time("lock-timeout", 30);
            options.RefreshTokenReuseWindow = line.Settings.ContainsKey("window") ? Time("window", 0) : null;
        },
        new CoordinatedTokenProviderServices { CredentialsStore = store });
    return Task.FromResult("");
});
host.Add("insist", async _ =>
{
    await using CoordinatedTokenProvider provider = create!();
    for (var errors = 0; ; errors++)
    {
        try
        {
            AccessToken token = await provider.GetAccessTokenAsync();
            if (token.ExpiresAt > TimeProvider.System.GetUtcNow() + TimeSpan.FromMinutes(1))
            {
                return $"{TokenFingerprint.Of(token.Value)} errors={errors}";
            }
        }
        catch (TokenRefreshException e) when (e.IsTransient || e is LockTimeoutException or RefreshOutcomeUnknownException)
        {
            host.Announce($"waits: {e.GetType().Name} {e.Message.ReplaceLineEndings(" ")}");
        }

        await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
    }
});
int code = await host.RunAsync(Console.In);
if (store is not null)
{
    await store.DisposeAsync();
}

return code;
