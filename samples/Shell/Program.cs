using System.Diagnostics;
using System.Reflection;
using TokenRefresh.TestKit.Logins;

// In place of a real service: a server on this machine that issues tokens and accepts them, and a file with a login that has expired. The
// commands are in the file `commands`; `token-refresh` is the tool as it was built, not an installed one.
await using SharedLogin login = await SharedLogin.StartExpiredAsync();
string assembly = Assembly.GetExecutingAssembly().GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "Tool").Value!;
var start = new ProcessStartInfo("bash", [Path.Combine(AppContext.BaseDirectory, "commands")]);
start.Environment["TOOL"] = assembly;
start.Environment["API"] = login.Server.ApiUri.AbsoluteUri.TrimEnd('/');
start.Environment["TOKEN_REFRESH_CREDENTIALS"] = login.Path;
start.Environment["TOKEN_REFRESH_TOKEN_ENDPOINT"] = login.Server.TokenUri.AbsoluteUri;
start.Environment["TOKEN_REFRESH_CLIENT_ID"] = "shell";
using Process commands = Process.Start(start)!;
await commands.WaitForExitAsync();

Console.WriteLine($"Token requests of all commands together: {login.Books.TokenRequests}.");
return commands.ExitCode == 0 && login.Books.TokenRequests == 1 ? 0 : 1;
