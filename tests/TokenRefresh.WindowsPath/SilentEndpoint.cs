using System.Net;
using System.Net.Sockets;

namespace TokenRefresh.WindowsPath;

/// <summary>
/// A token endpoint that takes a connection and never answers its TLS handshake: a process that refreshes there holds the lock and has sent
/// nothing.
/// </summary>
internal sealed class SilentEndpoint : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public SilentEndpoint()
    {
        _listener.Start();
        Address = new Uri($"https://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/token");
    }

    public Uri Address { get; }

    /// <summary>Waits for the next connection, which ends when the answer is disposed.</summary>
    public async Task<IDisposable> AcceptAsync() => await _listener.AcceptSocketAsync();

    public void Dispose() => _listener.Dispose();
}
