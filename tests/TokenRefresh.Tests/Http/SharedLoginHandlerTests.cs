using System.Net;
using FluentAssertions;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;

namespace TokenRefresh.Tests.Http;

/// <summary>The handler over the real provider, the real file and a real resource.</summary>
public sealed class SharedLoginHandlerTests
{
    [Fact]
    [FailureMode("F58")]
    public async Task Fifty_requests_rejected_at_once_cost_one_refresh_and_all_succeed()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        using HttpClient client = ClientOf(login.CreateProvider());
        login.Server.RevokeAccessToken(login.Login.AccessToken);
        using ApiBarrier barrier = login.Server.HoldApiRequests(50);

        HttpStatusCode[] answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => StatusAsync(client, login.Server.ApiUri)));

        answers.Should().OnlyContain(status => status == HttpStatusCode.OK);
        login.Server.Books.ApiRejections.Should().Be(50, "all of them carried the first token");
        login.Server.Books.TokenRequests.Should().Be(1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [FailureMode("F58")]
    public async Task A_late_rejection_of_the_former_token_costs_no_refresh(bool throughAnotherProvider)
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        CoordinatedTokenProvider provider = login.CreateProvider();
        using HttpClient late = ClientOf(throughAnotherProvider ? login.CreateProvider() : provider);
        using HttpClient prompt = ClientOf(provider);
        login.Server.RevokeAccessToken(login.Login.AccessToken);
        using ParkedRequest withheld = login.Server.ParkNextApiRequest(ParkPoint.AfterProcessing);
        Task<HttpStatusCode> lateAnswer = StatusAsync(late, login.Server.ApiUri);
        await withheld.Arrived;
        (await StatusAsync(prompt, login.Server.ApiUri)).Should().Be(HttpStatusCode.OK);

        withheld.Release();

        (await lateAnswer).Should().Be(HttpStatusCode.OK);
        login.Server.Books.ApiRejections.Should().Be(2);
        login.Server.Books.TokenRequests.Should().Be(1);
    }

    [Fact]
    [FailureMode("F59")]
    public async Task A_token_revoked_hours_before_its_expiry_is_replaced_once_and_the_request_succeeds()
    {
        await using SharedLogin login = await SharedLogin.StartAsync(new() { AccessTokenLifetime = TimeSpan.FromHours(4) });
        using HttpClient client = ClientOf(login.CreateProvider());
        (await StatusAsync(client, login.Server.ApiUri)).Should().Be(HttpStatusCode.OK);
        login.Server.RevokeAccessToken(login.Login.AccessToken);

        HttpStatusCode answer = await StatusAsync(client, login.Server.ApiUri);

        answer.Should().Be(HttpStatusCode.OK);
        login.Server.Books.TokenRequests.Should().Be(1);
        (await File.ReadAllTextAsync(login.Path)).Should().NotContain(login.Login.RefreshToken);
    }

    [Fact]
    [FailureMode("F60")]
    public async Task A_resource_that_always_rejects_is_asked_twice_with_one_refresh_and_its_401_is_returned()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        using HttpClient client = ClientOf(login.CreateProvider());

        HttpStatusCode answer = await StatusAsync(client, new Uri(login.Server.ApiUri, "always401"));

        answer.Should().Be(HttpStatusCode.Unauthorized);
        login.Server.Books.ApiRequests.Should().Be(2);
        login.Server.Books.TokenRequests.Should().Be(1);
    }

    [Fact]
    [FailureMode("F94")]
    public async Task A_thousand_requests_that_are_always_rejected_cost_three_refreshes_and_an_hour_of_them_a_handful()
    {
        var clock = new ManualTimeProvider();
        await using SharedLogin login = await SharedLogin.StartAsync(
            new() { TimeProvider = clock, AccessTokenLifetime = TimeSpan.FromHours(8) });
        using HttpClient one = ClientOf(login.CreateProvider(services: new() { TimeProvider = clock }));
        using HttpClient other = ClientOf(login.CreateProvider(services: new() { TimeProvider = clock }));
        var always401 = new Uri(login.Server.ApiUri, "always401");

        for (int i = 0; i < 500; i++)
        {
            (await StatusAsync(one, always401)).Should().Be(HttpStatusCode.Unauthorized);
            (await StatusAsync(other, always401)).Should().Be(HttpStatusCode.Unauthorized);
        }

        login.Server.Books.TokenRequests.Should().Be(3);
        for (int i = 0; i < 120; i++)
        {
            clock.Advance(TimeSpan.FromSeconds(30));
            await StatusAsync(i % 2 == 0 ? one : other, always401);
        }

        login.Server.Books.TokenRequests.Should().Be(9, "after 30 seconds, and then after twice as long each time");
        login.Server.Books.Reuses.Should().Be(0);
    }

    [Fact]
    [FailureMode("F94")]
    public async Task While_fresh_tokens_are_rejected_the_login_still_serves_resources_that_accept_it()
    {
        var clock = new ManualTimeProvider();
        await using SharedLogin login = await SharedLogin.StartAsync(
            new() { TimeProvider = clock, AccessTokenLifetime = TimeSpan.FromHours(8) });
        using HttpClient client = ClientOf(login.CreateProvider(services: new() { TimeProvider = clock }));
        var always401 = new Uri(login.Server.ApiUri, "always401");
        for (int i = 0; i < 5; i++)
        {
            await StatusAsync(client, always401);
        }

        HttpStatusCode accepted = await StatusAsync(client, login.Server.ApiUri);

        accepted.Should().Be(HttpStatusCode.OK);
        login.Server.Books.TokenRequests.Should().Be(3);
    }

    [Fact]
    [FailureMode("F94")]
    public async Task Three_early_revocations_within_a_minute_are_all_mended()
    {
        var clock = new ManualTimeProvider();
        await using SharedLogin login = await SharedLogin.StartAsync(
            new() { TimeProvider = clock, AccessTokenLifetime = TimeSpan.FromHours(8) });
        using HttpClient client = ClientOf(login.CreateProvider(services: new() { TimeProvider = clock }));

        for (int i = 1; i <= 3; i++)
        {
            clock.Advance(TimeSpan.FromSeconds(15));
            login.Server.ExpireAllAccessTokens();
            (await StatusAsync(client, login.Server.ApiUri)).Should().Be(HttpStatusCode.OK);
            login.Server.Books.TokenRequests.Should().Be(i);
        }
    }

    [Fact]
    [FailureMode("F94")]
    public async Task A_token_that_served_longer_than_the_pause_starts_over()
    {
        var clock = new ManualTimeProvider();
        await using SharedLogin login = await SharedLogin.StartAsync(
            new() { TimeProvider = clock, AccessTokenLifetime = TimeSpan.FromHours(8) });
        using HttpClient client = ClientOf(login.CreateProvider(services: new() { TimeProvider = clock }));
        var always401 = new Uri(login.Server.ApiUri, "always401");
        for (int i = 0; i < 5; i++)
        {
            await StatusAsync(client, always401);
        }

        clock.Advance(TimeSpan.FromMinutes(2));
        for (int i = 1; i <= 3; i++)
        {
            login.Server.ExpireAllAccessTokens();
            (await StatusAsync(client, login.Server.ApiUri)).Should().Be(HttpStatusCode.OK);
            login.Server.Books.TokenRequests.Should().Be(3 + i);
        }
    }

    [Fact]
    [FailureMode("F94")]
    public async Task A_login_with_a_resource_that_accepts_and_one_that_always_rejects_is_refreshed_a_handful_of_times_an_hour()
    {
        var clock = new ManualTimeProvider();
        await using SharedLogin login = await SharedLogin.StartAsync(
            new() { TimeProvider = clock, AccessTokenLifetime = TimeSpan.FromHours(8) });
        using HttpClient client = ClientOf(login.CreateProvider(services: new() { TimeProvider = clock }));
        var always401 = new Uri(login.Server.ApiUri, "always401");

        for (int i = 0; i < 360; i++)
        {
            clock.Advance(TimeSpan.FromSeconds(10));
            (await StatusAsync(client, login.Server.ApiUri)).Should().Be(HttpStatusCode.OK);
            await StatusAsync(client, always401);
        }

        login.Server.Books.TokenRequests.Should().BeInRange(2, 15);
    }

    [Fact]
    [FailureMode("F62")]
    public async Task A_thousand_rejections_in_a_row_over_one_connection_are_all_answered_by_a_refresh()
    {
        var clock = new ManualTimeProvider();
        await using LoopbackAuthorizationServer server = await LoopbackAuthorizationServer.StartAsync(
            new() { TimeProvider = clock, AccessTokenLifetime = TimeSpan.FromHours(8) });
        using var store = new InMemoryCredentialsStore(server.IssueLogin().Credentials, clock);
        await using var provider = CoordinatedTokenProvider.Create(
            o =>
            {
                o.TokenEndpoint = server.TokenUri;
                o.ClientId = "tests";
            },
            new() { CredentialsStore = store, TimeProvider = clock });
        using HttpClient client = ClientOf(provider, new SocketsHttpHandler { MaxConnectionsPerServer = 1 });

        for (int i = 0; i < 1000; i++)
        {
            // Out of reach of the pause for tokens that are rejected when they are fresh.
            clock.Advance(TimeSpan.FromMinutes(2));
            server.ExpireAllAccessTokens();
            (await StatusAsync(client, server.ApiUri)).Should().Be(HttpStatusCode.OK);
        }

        server.Books.TokenRequests.Should().Be(1000);
        server.Books.ApiRequests.Should().Be(2000);
    }

    [Fact]
    [FailureMode("F65")]
    public async Task A_client_that_lives_longer_than_a_token_carries_the_next_one()
    {
        var clock = new ManualTimeProvider();
        await using SharedLogin login = await SharedLogin.StartAsync(new() { TimeProvider = clock });
        using HttpClient client = ClientOf(login.CreateProvider(services: new() { TimeProvider = clock }));
        await StatusAsync(client, login.Server.ApiUri);
        clock.Advance(TimeSpan.FromHours(2));

        HttpStatusCode answer = await StatusAsync(client, login.Server.ApiUri);

        answer.Should().Be(HttpStatusCode.OK);
        login.Server.Books.ApiRejections.Should().Be(0, "the request was made with the new token at once");
        login.Server.Books.TokenRequests.Should().Be(1);
    }

    [Fact]
    [FailureMode("F93")]
    public async Task A_request_whose_token_cannot_be_had_fails_with_the_typed_error_and_is_not_sent()
    {
        await using SharedLogin signedOut = await SharedLogin.StartAsync();
        File.Delete(signedOut.Path);
        await using SharedLogin unavailable = await SharedLogin.StartWithPastExpiryAsync();
        unavailable.Server.DefaultTokenBehavior = TokenEndpointBehavior.Throttle(503, retryAfter: null);

        (SharedLogin Login, Type Failure)[] cases =
        [
            (signedOut, typeof(SignInRequiredException)), (unavailable, typeof(TokenEndpointUnavailableException)),
        ];

        foreach ((SharedLogin login, Type failure) in cases)
        {
            using HttpClient client = ClientOf(login.CreateProvider());
            Exception? thrown = await Xunit.Record.ExceptionAsync(() => StatusAsync(client, login.Server.ApiUri));

            thrown.Should().BeOfType(failure);
            login.Server.Books.ApiRequests.Should().Be(0);
        }
    }

    private static HttpClient ClientOf(ITokenProvider provider, HttpMessageHandler? inner = null) =>
        new(new BearerTokenHandler(provider) { InnerHandler = inner ?? new SocketsHttpHandler() });

    private static HttpStatusCode Status(HttpClient client, Uri address)
    {
        using HttpResponseMessage answer = client.Send(new HttpRequestMessage(HttpMethod.Get, address));
        return answer.StatusCode;
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpClient client, Uri address)
    {
        using HttpResponseMessage answer = await client.GetAsync(address);
        return answer.StatusCode;
    }
}
