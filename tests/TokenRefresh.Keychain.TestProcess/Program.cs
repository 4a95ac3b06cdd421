using TokenRefresh.Keychain;
using TokenRefresh.TestProcess;

// 'create' takes 'service= state= [read-timeout=]' too; the bus is that of the environment. A service that is not there comes back.
var host = new CommandHost(Console.Out);
KeychainCredentialsStore? store = null;
InsistCommands.Add(
    host,
    line => store = new KeychainCredentialsStore(new KeychainOptions
    {
        Service = line.Settings["service"],
        Account = "tests",
        StateDirectory = line.Settings["state"],
        ReadTimeout = InsistCommands.Time(line, "read-timeout", 2),
        WriteTimeout = InsistCommands.Time(line, "save-timeout", 5),
    }),
    error => error.InnerException is KeychainException { Failure: KeychainFailure.Unavailable or KeychainFailure.Locked });
int code = await host.RunAsync(Console.In);
store?.Dispose();
return code;
