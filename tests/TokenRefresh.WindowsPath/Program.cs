using System.Globalization;
using System.Runtime.Versioning;
using TokenRefresh.WindowsPath;

// The children run under Windows, the scenarios beside them on Linux.
[assembly: UnsupportedOSPlatform("windows")]

if (Environment.GetEnvironmentVariable("WINDOWS_RUN") is not { Length: > 0 } runner)
{
    Console.Error.WriteLine("Run 'tests/windows-path', which sets 'WINDOWS_RUN'; see docs/windows.md.");
    return 2;
}

var checks = new CheckList();
try
{
    await using LoopbackAuthorizationServer server = await LoopbackAuthorizationServer.StartAsync();
    await using WindowsChildren children = await WindowsChildren.StartAsync(runner, 3);
    var scenarios = new Scenarios(server, children, checks);
    await scenarios.RunAsync();
}
catch (Exception failure)
{
    // A child that does not start or reply breaks everything off; its output stands in the message.
    checks.Fail($"broken off: {failure.Message}");
}

Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{checks.Passed} checks passed, {checks.Failed} failed"));
return checks.Failed == 0 && checks.Passed > 0 ? 0 : 1;
