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

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [FailureMode("F100")]
    public Task An_answer_in_the_socket_beats_a_limit_that_passes_while_the_thread_pool_is_starved(bool firesLate) =>
        OnOwnThread(() =>
        {
            using SocketsHttpHandler handler = TokenEndpointTransport.CreateHandler();
            using var invoker = new HttpMessageInvoker(handler);
            Task<TokenEndpointResult> refresh = StarveThePool(invoker, out ManualResetEventSlim release);
            if (firesLate)
            {
                _time.AdvanceLate(TimeSpan.FromSeconds(16));
            }
            else
            {
                // Timers run ahead of what is queued.
                _time.Advance(TimeSpan.FromSeconds(15));
                _time.Advance(TimeSpan.FromSeconds(1));
            }

            release.Set();
            return refresh.GetAwaiter().GetResult();
        });

    [Fact]
    [FailureMode("F100")]
    public Task The_built_in_transport_has_its_answer_while_the_thread_pool_is_starved() =>
        OnOwnThread(() =>
        {
            using var invoker = new TokenEndpointTransport();
            Task<TokenEndpointResult> refresh = StarveThePool(invoker, out ManualResetEventSlim release);
            TokenEndpointResult result = refresh.GetAwaiter().GetResult();
            release.Set();
            return result;
        });

    public void Dispose()
    {
        _listener.Dispose();
        _arrived.Dispose();
        _mayAnswer.Dispose();
        _answered.Dispose();
    }

    // Since the pool's threads are taken.
    private Task OnOwnThread(Func<TokenEndpointResult> refresh) => Task.Factory.StartNew(
        () =>
        {
            TokenEndpointResult result = refresh();

            result.Outcome.Should().Be(TokenEndpointOutcome.Succeeded, "{0}", result.Exception);
            _requests.Should().Be(1);
        },
        CancellationToken.None,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default);

    // Returns once the answer is in the socket.
    private Task<TokenEndpointResult> StarveThePool(HttpMessageInvoker invoker, out ManualResetEventSlim release)
    {
        var endpoint = new Uri($"http://{_listener.LocalEndPoint}/token");
        HttpTokenEndpointClient client = Given.Client(invoker, o => o.TokenEndpoint = endpoint, time: _time);

        // Not disposed: an item that the pool begins after the test has ended still asks them.
        var gate = new ManualResetEventSlim();
        var blocked = new ManualResetEventSlim();
        Task<TokenEndpointResult> refresh = client.RefreshAsync(new TokenRequest("rt")).AsTask();
        _arrived.Wait();
        for (int i = 0; i < 60; i++)
        {
            ThreadPool.UnsafeQueueUserWorkItem(
                _ =>
                {
                    blocked.Set();
                    gate.Wait();
                },
                null);
        }

        blocked.Wait();
        _mayAnswer.Set();
        _answered.Wait();
        release = gate;
        return refresh;
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
