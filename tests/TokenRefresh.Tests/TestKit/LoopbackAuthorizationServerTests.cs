using System.Net;
using System.Text;
using FluentAssertions;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.TestKit;

public sealed class LoopbackAuthorizationServerTests : IAsyncDisposable
{
    private readonly ManualTimeProvider _time = new();
    private LoopbackAuthorizationServer? _server;
    private LoopbackServerClient? _client;

    private LoopbackAuthorizationServer Server => _server!;

    private LoopbackServerClient Client => _client!;

    [Fact]
    public async Task A_refresh_rotates_both_tokens_and_the_new_access_token_works()
    {
        await StartAsync();
        IssuedLogin login = Server.IssueLogin();

        TokenAnswer answer = await Client.RefreshAsync(login.RefreshToken);

        answer.Status.Should().Be(HttpStatusCode.OK);
        answer.RefreshToken.Should().NotBe(login.RefreshToken).And.HaveLength(43);
        answer.AccessToken.Should().NotBe(login.AccessToken);
        answer.Json.GetProperty("expires_in").GetInt32().Should().Be(3600);
        answer.Headers.CacheControl!.NoStore.Should().BeTrue();
        (await Client.CallApiAsync(answer.AccessToken)).StatusCode.Should().Be(HttpStatusCode.OK);
        Server.Books.Should().BeEquivalentTo(
            new { TokenRequests = 1, Grants = 1, Reuses = 0, FamiliesRevoked = 0, InFlight = 0, InFlightMaximum = 1, InvalidRequests = 0 });
    }

    [Fact]
    public async Task A_second_use_of_a_refresh_token_revokes_the_whole_family_and_no_other()
    {
        await StartAsync();
        IssuedLogin login = Server.IssueLogin();
        IssuedLogin bystander = Server.IssueLogin();
        TokenAnswer first = await Client.RefreshAsync(login.RefreshToken);

        TokenAnswer second = await Client.RefreshAsync(login.RefreshToken);

        second.Status.Should().Be(HttpStatusCode.BadRequest);
        second.Error.Should().Be("invalid_grant");
        (await Client.RefreshAsync(first.RefreshToken)).Error.Should().Be("invalid_grant");
        (await Client.CallApiAsync(first.AccessToken)).StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        (await Client.CallApiAsync(bystander.AccessToken)).StatusCode.Should().Be(HttpStatusCode.OK);
        AuthorizationServerBooks books = Server.Books;
        books.Should().BeEquivalentTo(new { TokenRequests = 3, Grants = 1, Reuses = 1, FamiliesRevoked = 1 });
        books.Logins[login.Id].Should().BeEquivalentTo(
            new { TokenRequests = 3, Grants = 1, Reuses = 1, IsRevoked = true, ApiRejections = 1 });
        books.Logins[bystander.Id].Should().BeEquivalentTo(new { TokenRequests = 0, Reuses = 0, IsRevoked = false, ApiRejections = 0 });
        books.Journal.Select(entry => entry.Outcome)
            .Should().Equal(TokenRequestOutcome.Granted, TokenRequestOutcome.Reused, TokenRequestOutcome.Revoked);
        books.Journal[1].RefreshTokenFingerprint.Should().Be(TokenFingerprint.Of(login.RefreshToken));
    }

    [Fact]
    public async Task Concurrent_uses_of_one_refresh_token_are_one_grant_and_reuses()
    {
        await StartAsync();
        IssuedLogin login = Server.IssueLogin();

        TokenAnswer[] answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Client.RefreshAsync(login.RefreshToken)));

        answers.Count(answer => answer.Status == HttpStatusCode.OK).Should().Be(1);
        Server.Books.Should().BeEquivalentTo(new { TokenRequests = 8, Grants = 1, Reuses = 7, FamiliesRevoked = 1 });
    }

    [Fact]
    public async Task Within_the_reuse_window_a_replay_gets_further_tokens_and_after_it_none()
    {
        await StartAsync(new() { RefreshTokenReuseWindow = TimeSpan.FromSeconds(30) });
        IssuedLogin login = Server.IssueLogin();
        TokenAnswer lost = await Client.RefreshAsync(login.RefreshToken);
        _time.Advance(TimeSpan.FromSeconds(29));

        TokenAnswer replay = await Client.RefreshAsync(login.RefreshToken);

        replay.Status.Should().Be(HttpStatusCode.OK);
        replay.RefreshToken.Should().NotBe(lost.RefreshToken);
        Server.Books.Should().BeEquivalentTo(new { Grants = 2, Replays = 1, Reuses = 0 });
        _time.Advance(TimeSpan.FromSeconds(1));
        (await Client.RefreshAsync(login.RefreshToken)).Error.Should().Be("invalid_grant");
        Server.Books.Should().BeEquivalentTo(new { Grants = 2, Reuses = 1, FamiliesRevoked = 1 });
    }

    [Fact]
    public async Task The_reuse_window_excuses_the_previous_generation_only()
    {
        await StartAsync(new() { RefreshTokenReuseWindow = TimeSpan.FromSeconds(30) });
        IssuedLogin login = Server.IssueLogin();
        TokenAnswer second = await Client.RefreshAsync(login.RefreshToken);
        await Client.RefreshAsync(second.RefreshToken);

        TokenAnswer replay = await Client.RefreshAsync(login.RefreshToken);

        replay.Error.Should().Be("invalid_grant");
        Server.Books.Should().BeEquivalentTo(new { Grants = 2, Reuses = 1, FamiliesRevoked = 1 });
    }

    [Fact]
    public async Task The_resource_rejects_an_expired_token_with_challenge_and_error_body()
    {
        await StartAsync();
        IssuedLogin login = Server.IssueLogin(TimeSpan.FromMinutes(1));
        _time.Advance(TimeSpan.FromMinutes(1));

        HttpResponseMessage response = await Client.CallApiAsync(login.AccessToken);

        response.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        response.Headers.WwwAuthenticate.ToString().Should().Contain("error=\"invalid_token\"");
        (await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))
            .Should().Be("""{"type":"error","error":{"type":"authentication_error","message":"OAuth token has expired."}}""");
        Server.Books.Should().BeEquivalentTo(new { ApiRequests = 1, ApiRejections = 1, ApiRequestsWithoutToken = 0, Expiries = 1 });
    }

    [Fact]
    public async Task The_server_can_reject_a_token_before_its_expiry()
    {
        await StartAsync();
        IssuedLogin one = Server.IssueLogin();
        IssuedLogin two = Server.IssueLogin();

        Server.RevokeAccessToken(one.AccessToken);

        (await Client.CallApiAsync(one.AccessToken)).StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        (await Client.CallApiAsync(two.AccessToken)).StatusCode.Should().Be(HttpStatusCode.OK);
        Server.ExpireAllAccessTokens();
        (await Client.CallApiAsync(two.AccessToken)).StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        Server.Books.Expiries.Should().Be(2);
    }

    [Fact]
    public async Task A_token_that_was_replaced_in_time_counts_as_no_expiry()
    {
        await StartAsync();
        IssuedLogin login = Server.IssueLogin();
        await Client.RefreshAsync(login.RefreshToken);

        Server.ExpireAllAccessTokens();

        Server.Books.Expiries.Should().Be(1);
    }

    [Fact]
    public async Task A_refresh_token_dies_of_age()
    {
        await StartAsync(new() { RefreshTokenLifetime = TimeSpan.FromDays(1) });
        IssuedLogin login = Server.IssueLogin();
        TokenAnswer first = await Client.RefreshAsync(login.RefreshToken);
        _time.Advance(TimeSpan.FromDays(1));

        TokenAnswer second = await Client.RefreshAsync(first.RefreshToken);

        first.Json.GetProperty("refresh_token_expires_in").GetInt32().Should().Be(86_400);
        second.Error.Should().Be("invalid_grant");
        Server.Books.Should().BeEquivalentTo(new { Grants = 1, Reuses = 0, FamiliesRevoked = 0 });
    }

    [Fact]
    public async Task Revocation_ends_the_family_and_is_no_reuse()
    {
        await StartAsync();
        IssuedLogin login = Server.IssueLogin();

        using var form = new FormUrlEncodedContent([KeyValuePair.Create("token", login.RefreshToken)]);
        HttpResponseMessage response = await Client.Http.PostAsync(Server.RevocationUri, form, TestContext.Current.CancellationToken);

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        (await Client.RefreshAsync(login.RefreshToken)).Error.Should().Be("invalid_grant");
        Server.Books.Should().BeEquivalentTo(new { Reuses = 0, FamiliesRevoked = 0, FamiliesRevokedByClient = 1, RevocationRequests = 1 });
    }

    [Fact]
    public async Task A_token_request_may_be_JSON()
    {
        await StartAsync();
        IssuedLogin login = Server.IssueLogin();
        using var json = new StringContent(
            $$"""{"grant_type":"refresh_token","refresh_token":"{{login.RefreshToken}}","client_id":"cli"}""",
            Encoding.UTF8,
            "application/json");

        TokenAnswer answer = await Client.PostTokenAsync(json);

        answer.Status.Should().Be(HttpStatusCode.OK);
        Server.ReceivedTokenRequests.Should().ContainSingle().Which.Parameters["client_id"].Should().Be("cli");
    }

    [Theory]
    [InlineData("grant_type=refresh_token", "invalid_request")]
    [InlineData("refresh_token=x", "invalid_request")]
    [InlineData("grant_type=refresh_token&refresh_token=x&refresh_token=y", "invalid_request")]
    [InlineData("grant_type=password&refresh_token=x", "unsupported_grant_type")]
    [InlineData("grant_type=refresh_token&refresh_token=x&scope=admin", "invalid_scope")]
    [InlineData("grant_type=refresh_token&refresh_token=x", "invalid_grant")]
    public async Task A_malformed_request_gets_the_error_of_the_RFC(string form, string error)
    {
        await StartAsync();
        using var content = new StringContent(form, Encoding.UTF8, "application/x-www-form-urlencoded");

        TokenAnswer answer = await Client.PostTokenAsync(content);

        answer.Status.Should().Be(HttpStatusCode.BadRequest);
        answer.Error.Should().Be(error);
        Server.Books.InvalidRequests.Should().Be(1);
    }

    [Theory]
    [InlineData(ClientAuthentication.None, "cli", null, null, true)]
    [InlineData(ClientAuthentication.None, "other", null, null, false)]
    [InlineData(ClientAuthentication.ClientSecretPost, "cli", "s3cret+/ ü", null, true)]
    [InlineData(ClientAuthentication.ClientSecretPost, "cli", "wrong", null, false)]
    [InlineData(ClientAuthentication.ClientSecretBasic, null, null, "cli:s3cret%2B%2F+%C3%BC", true)]
    [InlineData(ClientAuthentication.ClientSecretBasic, "cli", "s3cret+/ ü", null, false)]
    public async Task The_client_must_authenticate_as_configured(
        ClientAuthentication method,
        string? id,
        string? secret,
        string? basic,
        bool granted)
    {
        await StartAsync(new() { ClientId = "cli", ClientSecret = "s3cret+/ ü", ClientAuthentication = method });
        IssuedLogin login = Server.IssueLogin();
        var parameters = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["grant_type"] = "refresh_token",
            ["refresh_token"] = login.RefreshToken,
        };
        _ = id is not null && parameters.TryAdd("client_id", id);
        _ = secret is not null && parameters.TryAdd("client_secret", secret);
        using var form = new FormUrlEncodedContent(parameters);

        TokenAnswer answer = await Client.PostTokenAsync(
            form,
            basic is null ? null : $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes(basic))}");

        answer.Status.Should().Be(granted ? HttpStatusCode.OK : HttpStatusCode.Unauthorized);
        (answer.Headers.WwwAuthenticate.Count > 0).Should().Be(!granted && method == ClientAuthentication.ClientSecretBasic);
    }

    [Fact]
    public async Task The_resource_echoes_and_has_its_special_paths()
    {
        await StartAsync();
        IssuedLogin login = Server.IssueLogin();

        HttpResponseMessage echo = await Client.CallApiAsync(login.AccessToken, "notes?x=1", HttpMethod.Post, "hello");

        string text = await echo.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        text.Should().Contain("\"method\":\"POST\"")
            .And.Contain("/api/notes?x=1")
            .And.Contain("\"body\":\"hello\"")
            .And.Contain(TokenFingerprint.Of(login.AccessToken))
            .And.NotContain(login.AccessToken);
        (await Client.CallApiAsync(login.AccessToken, "always401")).StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        HttpResponseMessage forbidden = await Client.CallApiAsync(login.AccessToken, "forbidden");
        forbidden.StatusCode.Should().Be(HttpStatusCode.Forbidden);
        forbidden.Headers.WwwAuthenticate.ToString().Should().Contain("insufficient_scope");
        (await Client.CallApiAsync(null)).StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        Server.Books.Should().BeEquivalentTo(new { ApiRequests = 4, ApiRejections = 2, ApiRequestsWithoutToken = 1 });
    }

    [Fact]
    public async Task The_token_may_stand_in_another_header()
    {
        await StartAsync(new() { HeaderName = "x-api-key" });
        IssuedLogin login = Server.IssueLogin();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Server.ApiUri, "x"));
        request.Headers.Add("x-api-key", login.AccessToken);

        HttpResponseMessage response = await Client.Http.SendAsync(request, TestContext.Current.CancellationToken);

        response.StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Access_tokens_may_have_the_shape_of_a_JWT()
    {
        await StartAsync(new() { JwtAccessTokens = true });

        IssuedLogin login = Server.IssueLogin();

        string[] parts = login.AccessToken.Split('.');
        parts.Should().HaveCount(3);
        string payload = Encoding.UTF8.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(parts[1]));
        payload.Should().Contain($"\"exp\":{(_time.Start + TimeSpan.FromHours(1)).ToUnixTimeSeconds()}");
    }

    [Fact]
    public async Task A_rotation_may_end_the_older_access_tokens()
    {
        await StartAsync(new() { RotationRevokesAccessTokens = true });
        IssuedLogin login = Server.IssueLogin();

        TokenAnswer answer = await Client.RefreshAsync(login.RefreshToken);

        Server.IsAccepted(login.AccessToken).Should().BeFalse();
        Server.IsAccepted(answer.AccessToken).Should().BeTrue();
        Server.Books.Expiries.Should().Be(0);
    }

    [Fact]
    public async Task Other_processes_drive_the_server_over_HTTP()
    {
        await StartAsync();
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        HttpResponseMessage issued = await Client.Http.PostAsync(new Uri(Server.ControlUri, "logins?lifetime=60"), null, cancellation);
        using var pair = System.Text.Json.JsonDocument.Parse(await issued.Content.ReadAsStringAsync(cancellation));
        string accessToken = pair.RootElement.GetProperty("access_token").GetString()!;
        await Client.CallApiAsync(accessToken);
        await Client.RefreshAsync(pair.RootElement.GetProperty("refresh_token").GetString()!);

        await Client.Http.PostAsync(new Uri(Server.ControlUri, "expire-access-tokens"), null, cancellation);

        string json = await Client.Http.GetStringAsync(new Uri(Server.ControlUri, "books"), cancellation);
        AuthorizationServerBooks.Parse(json).Should().BeEquivalentTo(Server.Books);
        Server.Books.Logins["login-1"].Should().BeEquivalentTo(new { Grants = 1, Expiries = 1, ApiRequests = 1 });
        Server.IsAccepted(accessToken).Should().BeFalse();
        json.Should().NotContain(accessToken);
    }

    public async ValueTask DisposeAsync()
    {
        _client?.Dispose();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    private async Task StartAsync(LoopbackAuthorizationServerOptions? options = null)
    {
        _server = await LoopbackAuthorizationServer.StartAsync((options ?? new()) with { TimeProvider = _time });
        _client = new LoopbackServerClient(_server);
    }
}
