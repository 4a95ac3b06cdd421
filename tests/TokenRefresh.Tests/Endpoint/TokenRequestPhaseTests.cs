using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using FluentAssertions;
using TokenRefresh.Endpoint;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Wire;

namespace TokenRefresh.Tests.Endpoint;

/// <summary>Where in an exchange a failure falls decides what it did to the refresh token, so these run on real sockets.</summary>
public sealed class TokenRequestPhaseTests
{
    [Fact]
    [FailureMode("F12", "F52")]
    public async Task A_refused_connection_is_tried_three_times_with_growing_pauses_and_was_not_sent()
    {
        int announced = 0;
        var time = new ManualTimeProvider();
        int tries = 0;
        using var handler = new Relay(TokenEndpointTransport.CreateHandler(), (_, next) =>
        {
            tries++;
            return next();
        });
        HttpTokenEndpointClient client = Given.Client(handler, o => o.TokenEndpoint = ClosedPort(), time: time);

        Task<TokenEndpointResult> refresh = client.RefreshAsync(new TokenRequest("rt", _ =>
        {
            announced++;
            return default;
        })).AsTask();
        TimeSpan firstPause = await NextPauseAsync(time);
        time.Advance(firstPause);
        TimeSpan secondPause = await NextPauseAsync(time);
        time.Advance(secondPause);
        TokenEndpointResult result = await refresh;

        result.Outcome.Should().Be(TokenEndpointOutcome.NotSent);
        result.Exception.Should().BeOfType<HttpRequestException>();
        tries.Should().Be(3);
        announced.Should().Be(0);
        firstPause.Should().BePositive().And.BeLessThan(TimeSpan.FromSeconds(1));
        secondPause.Should().BePositive().And.BeLessThan(TimeSpan.FromSeconds(2));
    }

    [Fact]
    [FailureMode("F12")]
    public async Task A_name_that_does_not_resolve_is_tried_again_and_a_later_success_counts()
    {
        await using var server = new WireServer(e => e.RespondJsonAsync(200, """{"access_token":"at"}"""));
        int tries = 0;
        using SocketsHttpHandler handler = TokenEndpointTransport.CreateHandler();
        handler.ConnectCallback = async (context, cancellationToken) =>
        {
            if (++tries == 1)
            {
                throw new SocketException((int)SocketError.HostNotFound);
            }

            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        };

        TokenEndpointResult result = await Given.AnswerAsync(
            handler, o => o.TokenEndpoint = server.TokenEndpoint, new AutomaticTimeProvider());

        result.Outcome.Should().Be(TokenEndpointOutcome.Succeeded);
        tries.Should().Be(2);
        server.Requests.Should().ContainSingle();
    }

    [Fact]
    [FailureMode("F52")]
    public async Task A_certificate_no_one_trusts_is_not_sent_and_not_tried_again()
    {
        using X509Certificate2 certificate = SelfSigned();
        await using var server = new WireServer(e => e.RespondJsonAsync(200, """{"access_token":"at"}"""), certificate);
        using SocketsHttpHandler handler = TokenEndpointTransport.CreateHandler();

        TokenEndpointResult result = await Given.AnswerAsync(handler, o => o.TokenEndpoint = server.TokenEndpoint);

        result.Outcome.Should().Be(TokenEndpointOutcome.NotSent);
        server.Requests.Should().BeEmpty();
        server.ConnectionCount.Should().Be(1);
    }

    [Fact]
    [FailureMode("F131")]
    public async Task A_server_that_offers_http_2_gets_http_1_1_which_refuses_no_stream()
    {
        using X509Certificate2 certificate = SelfSigned();
        await using var server = new WireServer(e => e.RespondJsonAsync(200, """{"access_token":"at"}"""), certificate);
        using SocketsHttpHandler handler = TokenEndpointTransport.CreateHandler();
        handler.SslOptions.RemoteCertificateValidationCallback =
            (_, presented, _, _) => presented?.GetCertHashString() == certificate.GetCertHashString();

        TokenEndpointResult result = await Given.AnswerAsync(handler, o => o.TokenEndpoint = server.TokenEndpoint);

        result.Outcome.Should().Be(TokenEndpointOutcome.Succeeded, "{0}", result.Exception);
        server.Requests.Should().ContainSingle().Which.Version.Should().Be("HTTP/1.1");
    }

    [Theory]
    [FailureMode("F12", "F52")]
    [InlineData("close")]
    [InlineData("reset")]
    [InlineData("junk")]
    [InlineData("half a head")]
    [InlineData("half a body")]
    public async Task What_breaks_after_the_body_left_is_unknown_and_never_sent_again(string how)
    {
        await using var server = new WireServer(async e =>
        {
            switch (how)
            {
                case "junk":
                    await e.SendAsync("SSH-2.0-OpenSSH_9.2\r\n\r\n");
                    break;
                case "half a head":
                    await e.SendAsync("HTTP/1.1 200 O");
                    break;
                case "half a body":
                    await e.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n{\"access_token\":\"at\",");
                    break;
            }

            if (how == "reset")
            {
                e.Reset();
            }
            else
            {
                e.Close();
            }
        });
        using SocketsHttpHandler handler = TokenEndpointTransport.CreateHandler();

        TokenEndpointResult result = await Given.AnswerAsync(handler, o => o.TokenEndpoint = server.TokenEndpoint);

        result.Outcome.Should().Be(TokenEndpointOutcome.Unknown);
        result.Exception.Should().NotBeNull();
        server.Requests.Should().ContainSingle();
    }

    [Fact]
    [FailureMode("F90")]
    public async Task Tokens_that_arrived_whole_count_though_the_connection_broke_behind_them()
    {
        await using var server = new WireServer(async e =>
        {
            await e.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n{\"access_token\":\"at\",\"refresh_token\":\"rt\"}");
            e.Close();
        });
        using SocketsHttpHandler handler = TokenEndpointTransport.CreateHandler();

        TokenEndpointResult result = await Given.AnswerAsync(handler, o => o.TokenEndpoint = server.TokenEndpoint);

        result.Response!.RefreshToken.Should().Be("rt");
    }

    [Fact]
    [FailureMode("F52")]
    public async Task The_deadline_after_the_body_left_gives_unknown_and_does_not_throw()
    {
        using var deadline = new CancellationTokenSource();
        await using var server = new WireServer(async e =>
        {
            await deadline.CancelAsync();
            await e.StallAsync();
        });
        using SocketsHttpHandler handler = TokenEndpointTransport.CreateHandler();

        TokenEndpointResult result = await Given.Client(handler, o => o.TokenEndpoint = server.TokenEndpoint)
            .RefreshAsync(new TokenRequest("rt"), deadline.Token);

        result.Outcome.Should().Be(TokenEndpointOutcome.Unknown);
        result.Exception.Should().BeOfType<TimeoutException>();
    }

    [Fact]
    [FailureMode("F52")]
    public async Task A_time_out_while_connecting_was_not_sent()
    {
        var time = new ManualTimeProvider();
        using SocketsHttpHandler handler = TokenEndpointTransport.CreateHandler();
        handler.ConnectCallback = async (_, cancellationToken) =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            return Stream.Null;
        };

        Task<TokenEndpointResult> refresh = Given.AnswerAsync(handler, time: time);
        await time.NextTimerAsync();
        time.Advance(TimeSpan.FromSeconds(15));
        TokenEndpointResult result = await refresh;

        result.Outcome.Should().Be(TokenEndpointOutcome.NotSent);
        result.Exception.Should().BeOfType<TimeoutException>();
    }

    [Fact]
    public async Task Cancellation_before_anything_was_sent_is_thrown()
    {
        using var caller = new CancellationTokenSource();
        using SocketsHttpHandler handler = TokenEndpointTransport.CreateHandler();
        handler.ConnectCallback = async (_, cancellationToken) =>
        {
            await caller.CancelAsync();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            return Stream.Null;
        };

        Func<Task> act = async () => await Given.Client(handler).RefreshAsync(new TokenRequest("rt"), caller.Token);

        (await act.Should().ThrowAsync<OperationCanceledException>()).Which.CancellationToken.IsCancellationRequested.Should().BeTrue();
    }

    [Fact]
    public async Task A_deadline_between_two_tries_tells_why_the_first_one_failed()
    {
        var time = new ManualTimeProvider();
        using var deadline = new CancellationTokenSource();
        using SocketsHttpHandler handler = TokenEndpointTransport.CreateHandler();

        Task<TokenEndpointResult> refresh = Given.Client(handler, o => o.TokenEndpoint = ClosedPort(), time: time)
            .RefreshAsync(new TokenRequest("rt"), deadline.Token)
            .AsTask();
        await NextPauseAsync(time);
        await deadline.CancelAsync();
        TokenEndpointResult result = await refresh;

        result.Outcome.Should().Be(TokenEndpointOutcome.NotSent);
        result.Exception.Should().BeOfType<HttpRequestException>();
    }

    [Fact]
    public async Task The_announcement_comes_once_the_connection_stands_and_before_the_body()
    {
        await using var server = new WireServer(e => e.RespondJsonAsync(200, """{"access_token":"at"}"""));
        using SocketsHttpHandler handler = TokenEndpointTransport.CreateHandler();
        int requestsAtAnnouncement = -1;
        bool isConnected = false;
        handler.PlaintextStreamFilter = (context, _) =>
        {
            isConnected = true;
            return ValueTask.FromResult(context.PlaintextStream);
        };
        bool wasConnected = false;

        await Given.Client(handler, o => o.TokenEndpoint = server.TokenEndpoint).RefreshAsync(new TokenRequest("rt", _ =>
        {
            wasConnected = isConnected;
            requestsAtAnnouncement = server.Requests.Count;
            return default;
        }));

        wasConnected.Should().BeTrue();
        requestsAtAnnouncement.Should().Be(0);
        server.Requests.Should().ContainSingle();
    }

    [Fact]
    public async Task What_the_announcement_throws_comes_out_unchanged_and_nothing_is_sent()
    {
        await using var server = new WireServer(e => e.RespondJsonAsync(200, """{"access_token":"at"}"""));
        using SocketsHttpHandler handler = TokenEndpointTransport.CreateHandler();
        var thrown = new IOException("The lock file has gone.");

        Func<Task> act = async () => await Given.Client(handler, o => o.TokenEndpoint = server.TokenEndpoint)
            .RefreshAsync(new TokenRequest("rt", _ => throw thrown));

        (await act.Should().ThrowAsync<IOException>()).Which.Should().BeSameAs(thrown);
        server.Requests.Should().BeEmpty();
    }

    // The first timer of each try is its time-out; the next one is the pause.
    private static async Task<TimeSpan> NextPauseAsync(ManualTimeProvider time)
    {
        TimeSpan next;
        do
        {
            next = await time.NextTimerAsync();
        }
        while (next == TimeSpan.FromSeconds(15));
        return next;
    }

    private static Uri ClosedPort()
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return new Uri($"http://127.0.0.1:{((IPEndPoint)socket.LocalEndPoint!).Port}/token");
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }

    /// <summary>Pauses pass at once.</summary>
    private sealed class AutomaticTimeProvider : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(
                callback, state, dueTime < TimeSpan.FromSeconds(5) && dueTime > TimeSpan.Zero ? TimeSpan.Zero : dueTime, period);
    }
}
