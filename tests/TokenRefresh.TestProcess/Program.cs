using System.Diagnostics;
using TokenRefresh.TestProcess;

if (Environment.GetEnvironmentVariable("TOKENREFRESH_WAIT_FOR_DEBUGGER") is { Length: > 0 })
{
    while (!Debugger.IsAttached)
    {
        await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
    }
}

var host = new CommandHost(Console.Out);
await using var providers = new ProviderRegistry(host.Announce);
new ProcessCommands(host).Register();
new ProviderCommands(host, providers).Register();
new HttpCommands(host, providers).Register();
new LeaseCommands(host).Register();
new PoolCommands(host).Register();
using var signals = new SignalCommands(host);
signals.Register();
using var files = new FileCommands(host);
files.Register();
return await host.RunAsync(Console.In);
