using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using TokenRefresh.TestKit;

namespace TokenRefresh.PostgreSql.Tests.Support;

/// <summary>A pgbouncer before the server.</summary>
internal sealed class Pooler : IAsyncDisposable
{
    internal const string Program = "/usr/sbin/pgbouncer";

    private readonly TempDirectory _directory = new();
    private Process _process = null!;

    internal int Port { get; private init; }

    internal static async Task<Pooler> StartAsync(PostgreSqlServer server, string mode)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var pooler = new Pooler { Port = ((IPEndPoint)listener.LocalEndpoint).Port };
        listener.Stop();
        string folder = pooler._directory.Path;
        await File.WriteAllTextAsync(Path.Combine(folder, "users"), $"\"tests\" \"{PostgreSqlServer.Password}\"\n");
        await File.WriteAllTextAsync(
            Path.Combine(folder, "ini"),
            $"""
            [databases]
            postgres = host=127.0.0.1 port={server.Port} user=tests password={PostgreSqlServer.Password}
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {pooler.Port}
            unix_socket_dir =
            auth_type = plain
            auth_file = {folder}/users
            pool_mode = {mode}
            logfile = {folder}/log
            ignore_startup_parameters = extra_float_digits,options
            """);
        string asUser = string.Join(' ', PostgreSqlServer.AsUser);
        string script = $"{(asUser.Length > 0 ? $"chown -R postgres {folder}; " : "")}exec {asUser} {Program} -q {folder}/ini";
        var start = new ProcessStartInfo("sh", ["-c", script]) { UseShellExecute = false, RedirectStandardError = true };
        pooler._process = Process.Start(start)!;
        for (var tries = 0; ; tries++)
        {
            using var client = new TcpClient();
            try
            {
                await client.ConnectAsync(IPAddress.Loopback, pooler.Port);
                return pooler;
            }
            catch (SocketException) when (tries < 500)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _directory.Dispose();
    }
}
