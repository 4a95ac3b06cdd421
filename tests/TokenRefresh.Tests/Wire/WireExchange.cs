using System.Net.Sockets;
using System.Text;

namespace TokenRefresh.Tests.Wire;

/// <summary>A request in the hands of the test, and what can be done to its connection.</summary>
internal sealed class WireExchange(WireRequest request, Stream stream, Socket socket, CancellationToken stopping)
{
    public WireRequest Request => request;

    public bool IsOver { get; private set; }

    public Task RespondAsync(int status, string body = "", params (string Name, string Value)[] headers)
    {
        string fields = string.Concat(headers.Select(h => $"{h.Name}: {h.Value}\r\n"));
        return SendAsync($"HTTP/1.1 {status} Some Reason\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n{fields}\r\n{body}");
    }

    public Task RespondJsonAsync(int status, string json, params (string Name, string Value)[] headers) =>
        RespondAsync(status, json, [("Content-Type", "application/json"), .. headers]);

    public async Task SendAsync(string raw) => await SendAsync(Encoding.UTF8.GetBytes(raw));

    public async Task SendAsync(byte[] raw)
    {
        await stream.WriteAsync(raw, stopping);
        await stream.FlushAsync(stopping);
    }

    public void Close()
    {
        IsOver = true;
        socket.Close();
    }

    public void Reset()
    {
        socket.LingerState = new LingerOption(enable: true, seconds: 0);
        Close();
    }

    /// <summary>Neither answers nor closes, until the server is disposed.</summary>
    public Task StallAsync()
    {
        IsOver = true;
        var stopped = new TaskCompletionSource();
        stopping.Register(stopped.SetResult);
        return stopped.Task;
    }
}
