using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace TokenRefresh.PostgreSql.Tests.Support;

/// <summary>
/// Two hosts: network namespaces, each with one cable to the database and one to the rest of the world. Only for root on Linux.
/// </summary>
internal sealed class Hosts : IAsyncDisposable
{
    internal const int Count = 2;

    /// <summary>The collection of the tests that have hosts: one after the other, since the addresses are the same.</summary>
    internal const string Tests = "hosts";

    private readonly string _prefix = $"tr{Environment.ProcessId % 100_000}";
    private readonly List<TcpListener> _relays = [];

    /// <summary>Gets the database's address, as this host sees it.</summary>
    internal static string DatabaseOf(int host) => AddressOf(2 * host);

    /// <summary>Makes them.</summary>
    /// <returns><see langword="null"/> where that is not allowed.</returns>
    internal static async Task<Hosts?> TryCreateAsync()
    {
        var hosts = new Hosts();
        for (var host = 0; host < Count; host++)
        {
            if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess || !await hosts.TryRunAsync($"netns add {hosts.Name(host)}"))
            {
                await hosts.DisposeAsync();
                return null;
            }

            await hosts.TryRunAsync($"-n {hosts.Name(host)} link set lo up");
            foreach (int cable in new[] { 2 * host, (2 * host) + 1 })
            {
                await hosts.RunAsync($"link add {hosts._prefix}r{cable} type veth peer name cable{cable} netns {hosts.Name(host)}");
                await hosts.RunAsync($"addr add {AddressOf(cable)}/30 dev {hosts._prefix}r{cable}");
                await hosts.RunAsync($"link set {hosts._prefix}r{cable} up");
                await hosts.RunAsync($"-n {hosts.Name(host)} addr add {AddressOf(cable, end: 2)}/30 dev cable{cable}");
                await hosts.RunAsync($"-n {hosts.Name(host)} link set cable{cable} up");
            }
        }

        return hosts;
    }

    /// <summary>Says by what a program is started on this host.</summary>
    internal string[] CommandOn(int host) => ["ip", "netns", "exec", Name(host)];

    /// <summary>Makes a port of loopback reachable from this host, by the cable that is not the database's.</summary>
    internal Uri Publish(int host, Uri local)
    {
        var listener = new TcpListener(IPAddress.Parse(AddressOf((2 * host) + 1)), 0);
        listener.Start();
        _relays.Add(listener);
        _ = RelayAsync(listener, local.Port);
        var address = (IPEndPoint)listener.LocalEndpoint;
        return new UriBuilder(local) { Host = address.Address.ToString(), Port = address.Port }.Uri;
    }

    internal Task CutDatabaseAsync(int host) => RunAsync($"link set {_prefix}r{2 * host} down");

    internal Task RestoreDatabaseAsync(int host) => RunAsync($"link set {_prefix}r{2 * host} up");

    // Other addresses than those of another run of these tests at the same time.
    private static string AddressOf(int cable, int end = 1) => $"10.213.{Environment.ProcessId % 256}.{(4 * cable) + end}";

    public async ValueTask DisposeAsync()
    {
        foreach (TcpListener relay in _relays)
        {
            relay.Stop();
        }

        for (var host = 0; host < Count; host++)
        {
            await TryRunAsync($"netns del {Name(host)}");
        }
    }

    private static async Task RelayAsync(TcpListener listener, int port)
    {
        try
        {
            while (true)
            {
                TcpClient client = await listener.AcceptTcpClientAsync();
                _ = RelayAsync(client, port);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private static async Task RelayAsync(TcpClient client, int port)
    {
        using var server = new TcpClient();
        using (client)
        {
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, port);
                await Task.WhenAny(
                    client.GetStream().CopyToAsync(server.GetStream()), server.GetStream().CopyToAsync(client.GetStream()));
            }
            catch (Exception e) when (e is SocketException or IOException)
            {
                // One of the two has gone.
            }
        }
    }

    private string Name(int host) => $"{_prefix}h{host}";

    private async Task RunAsync(string arguments)
    {
        if (!await TryRunAsync(arguments))
        {
            throw new InvalidOperationException($"'ip {arguments}' failed.");
        }
    }

    private async Task<bool> TryRunAsync(string arguments)
    {
        try
        {
            var start = new ProcessStartInfo("ip", arguments) { UseShellExecute = false, RedirectStandardError = true };
            using Process process = Process.Start(start)!;
            await process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
