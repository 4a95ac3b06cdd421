using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Consumer;

/// <summary>A token endpoint that rotates, and an API that takes only the newest access token, over real HTTP.</summary>
internal sealed class LoopbackServer : IDisposable
{
    private readonly HttpListener _listener = new();
    private int _grants;

    private LoopbackServer(int port)
    {
        Address = new Uri($"http://127.0.0.1:{port}/");
        _listener.Prefixes.Add(Address.AbsoluteUri);
        _listener.Start();
        _ = ServeAsync();
    }

    public Uri Address { get; }

    public int Grants => Volatile.Read(ref _grants);

    public static LoopbackServer Start()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var port = ((IPEndPoint)probe.LocalEndpoint).Port;
        probe.Stop();
        return new LoopbackServer(port);
    }

    public void Dispose() => _listener.Close();

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                var context = await _listener.GetContextAsync();
                _ = AnswerAsync(context);
            }
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
        {
            // Closed.
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        var (status, type, text) = context.Request.Url!.AbsolutePath switch
        {
            "/token" => await ExchangeAsync(context.Request),
            "/whoami" => (200, "text/plain", Bearer(context.Request)),
            _ when Bearer(context.Request) == $"access-{Grants}" && Grants > 0 => (200, "text/plain", $"hello {Bearer(context.Request)}"),
            _ => (401, "text/plain", ""),
        };
        context.Response.StatusCode = status;
        context.Response.ContentType = type;
        await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(text));
        context.Response.Close();
    }

    private async Task<(int Status, string Type, string Text)> ExchangeAsync(HttpListenerRequest request)
    {
        using var reader = new StreamReader(request.InputStream);
        var body = await reader.ReadToEndAsync();
        var isCurrent = body.Split('&').Contains($"refresh_token=refresh-{Grants}");
        if (!isCurrent)
        {
            return (400, "application/json", """{"error":"invalid_grant"}""");
        }

        var n = Interlocked.Increment(ref _grants);
        return (
            200,
            "application/json",
            $$"""{"access_token":"access-{{n}}","refresh_token":"refresh-{{n}}","token_type":"Bearer","expires_in":3600}""");
    }

    private static string Bearer(HttpListenerRequest request) =>
        request.Headers["Authorization"] is { } value && value.StartsWith("Bearer ", StringComparison.Ordinal)
            ? value["Bearer ".Length..]
            : "";
}
