using TokenRefresh.PostgreSql;
using TokenRefresh.TestProcess;

// 'create' takes 'connection= login= [command-timeout=]' too. On a busy machine a connection that was killed may cost a refresh its time.
var host = new CommandHost(Console.Out);
PostgreSqlCredentialsStore? store = null;
InsistCommands.Add(
    host,
    line => store = line.Settings.TryGetValue("connection", out string? connection)
        ? new PostgreSqlCredentialsStore(new PostgreSqlStoreOptions
        {
            ConnectionString = connection,
            Name = line.Settings["login"],
            RefreshTimeout = InsistCommands.Time(line, "refresh-timeout", 20),
            SaveTimeout = InsistCommands.Time(line, "save-timeout", 5),
            CommandTimeout = InsistCommands.Time(line, "command-timeout", 5),
        })
        : null);
int code = await host.RunAsync(Console.In);
if (store is not null)
{
    await store.DisposeAsync();
}

return code;
