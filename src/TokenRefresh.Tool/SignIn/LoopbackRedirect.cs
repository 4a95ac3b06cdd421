using System.Net;
using System.Net.Sockets;
using System.Text;

namespace TokenRefresh.Tool.SignIn;

/// <summary>Waits on this machine for the browser to come back with the answer of the server (RFC 8252 section 7.3).</summary>
internal sealed class LoopbackRedirect : IDisposable
{
    private const int MostBytes = 16 * 1024;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    private readonly List<TcpListener> _listeners = [];
    private readonly TaskCompletionSource<string> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TimeProvider _time;

    /// <summary>Listens on a free port, or where the profile says.</summary>
    /// <exception cref="ToolException">That port is taken, or is none of this machine.</exception>
    internal LoopbackRedirect(Uri? registered, TimeProvider time)
    {
        _time = time;
        registered ??= new Uri("http://127.0.0.1:0/callback");
        IPAddress[] addresses = registered.Host switch
        {
            "127.0.0.1" => [IPAddress.Loopback],
            "[::1]" => [IPAddress.IPv6Loopback],
            "localhost" when registered.Port > 0 => [IPAddress.Loopback, IPAddress.IPv6Loopback],
            _ => throw new ToolException($"'redirectUri' is '{registered}'. Use 'http://127.0.0.1:PORT/PATH', or localhost there."),
        };
        foreach (IPAddress address in addresses)
        {
            var listener = new TcpListener(address, registered.Port);
            try
            {
                listener.Start();
                _listeners.Add(listener);
            }
            catch (SocketException e) when (_listeners.Count == 0 || e.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                throw new ToolException($"'{registered}' cannot be listened on: {e.Message}. End the program that uses the port.");
            }
            catch (SocketException)
            {
                // A machine without IPv6 listens on the other address only.
            }
        }

        Address = new UriBuilder(registered) { Port = ((IPEndPoint)_listeners[0].LocalEndpoint).Port }.Uri;
        foreach (TcpListener listener in _listeners)
        {
            _ = AcceptAsync(listener);
        }
    }

    /// <summary>Gets the address that the server sends the browser to.</summary>
    internal Uri Address { get; }

    /// <summary>Gets or sets the state of the request: what does not bring it is no answer.</summary>
    internal string State { get; set; } = "";

    /// <summary>Gets the query of the answer, when it has come.</summary>
    internal Task<string> Answer => _answer.Task;

    public void Dispose() => _listeners.ForEach(static listener => listener.Dispose());

    private async Task AcceptAsync(TcpListener listener)
    {
        try
        {
            while (true)
            {
                Socket socket = await listener.AcceptSocketAsync().ConfigureAwait(false);
                _ = ServeAsync(socket);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
        }
    }

    // A browser asks for its icon too, and may open connections ahead: only a request of the path with the state is the answer.
    private async Task ServeAsync(Socket socket)
    {
        using var stream = new NetworkStream(socket, ownsSocket: true);
        try
        {
            using var limit = new CancellationTokenSource(Limit, _time);
            string[] request = (await ReadLineAsync(stream, limit.Token).ConfigureAwait(false)).Split(' ');
            string target = request is ["GET", { } given, ..] ? given : "";
            int query = target.IndexOf('?', StringComparison.Ordinal);
            bool isAnswer = query >= 0
                && target[..query] == Address.AbsolutePath
                && Array.IndexOf(target[(query + 1)..].Split('&'), "state=" + Uri.EscapeDataString(State)) >= 0;
            string body = isAnswer ? "The sign-in is finished here. You can close this page." : "There is nothing here.";
            string head = $"HTTP/1.1 {(isAnswer ? "200 OK" : "404 Not Found")}\r\nContent-Type: text/plain\r\nConnection: close\r\n"
                + $"Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nContent-Length: {body.Length}\r\n\r\n";
            await stream.WriteAsync(Encoding.ASCII.GetBytes(head + body), limit.Token).ConfigureAwait(false);
            if (isAnswer)
            {
                _answer.TrySetResult(target[query..]);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
        }
    }

    private static async Task<string> ReadLineAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[MostBytes];
        int length = 0;
        while (length < buffer.Length)
        {
            int read = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken).ConfigureAwait(false);
            length += read;
            string text = Encoding.ASCII.GetString(buffer, 0, length);

            // To the end of the header, or the browser would see its connection reset.
            if (read == 0 || text.Contains("\r\n\r\n", StringComparison.Ordinal))
            {
                return text.Split("\r\n")[0];
            }
        }

        return "";
    }
}
