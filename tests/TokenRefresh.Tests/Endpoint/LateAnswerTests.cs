using System.Net;
using System.Net.Sockets;
using System.Text;
using FluentAssertions;
using TokenRefresh.Endpoint;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Endpoint;

/// <summary>An answer that has arrived is used, however late the process gets to look at it.</summary>
public sealed class LateAnswerTests : IDisposable
{
    private readonly Socket _listener = new(SocketType.Stream, ProtocolType.Tcp);
    private readonly ManualResetEventSlim _arrived = new();
    private readonly ManualResetEventSlim _mayAnswer = new();
    private readonly ManualResetEventSlim _answered = new();
    private readonly ManualTimeProvider _time = new();
    private int _requests;

    public LateAnswerTests()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        new Thread(Serve) { IsBackground = true }.Start();
    }

    [Fact]
    [FailureMode("F100")]
    public Task An_answer_in_the_socket_beats_a_limit_that_passes_while_the_thread_pool_is_starved() =>
        Task.Factory.StartNew(StarveThePool, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    public void Dispose()
    {
        _listener.Dispose();
        _arrived.Dispose();
        _mayAnswer.Dispose();
        _answered.Dispose();
    }

    // On a thread of its own, since the pool's are taken.
    private void StarveThePool()
    {
        using SocketsHttpHandler handler = TokenEndpointTransport.CreateHandler();
        using var invoker = new HttpMessageInvoker(handler);
        var endpoint = new Uri($"http://{_listener.LocalEndPoint}/token");
        var client = new HttpTokenEndpointClient(Given.Settings(o => o.TokenEndpoint = endpoint), () => invoker, null, _time, null);
        // Not disposed: an item that the pool begins after the test has ended still asks them.
        var release = new ManualResetEventSlim();
        var blocked = new ManualResetEventSlim();
        Task<TokenEndpointResult> refresh = client.RefreshAsync(new TokenRequest("rt")).AsTask();
        _arrived.Wait();
        for (int i = 0; i < 60; i++)
        {
            ThreadPool.UnsafeQueueUserWorkItem(
                _ =>
                {
                    blocked.Set();
                    release.Wait();
                },
                null);
        }

        blocked.Wait();
        _mayAnswer.Set();
        _answered.Wait();
        _time.AdvanceLate(TimeSpan.FromSeconds(16));
        release.Set();
        TokenEndpointResult result = refresh.GetAwaiter().GetResult();

        result.Outcome.Should().Be(TokenEndpointOutcome.Succeeded, "{0}", result.Exception);
        _requests.Should().Be(1);
    }

    private void Serve()
    {
        try
        {
            while (true)
            {
                using Socket connection = _listener.Accept();
                byte[] request = new byte[8192];
                int length = 0;
                do
                {
                    length += connection.Receive(request.AsSpan(length));
                }
                while (!Encoding.ASCII.GetString(request, 0, length).Contains("refresh_token=", StringComparison.Ordinal));
                _requests++;
                _arrived.Set();
                _mayAnswer.Wait();
                connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 41\r\n\r\n{\"access_token\":\"at\",\"refresh_token\":\"b\"}"u8);
                _answered.Set();
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }
}
