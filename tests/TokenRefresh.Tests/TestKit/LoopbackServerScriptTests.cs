using System.Net;
using FluentAssertions;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.TestKit;

public sealed class LoopbackServerScriptTests : IAsyncLifetime
{
    private LoopbackAuthorizationServer _server = null!;
    private LoopbackServerClient _client = null!;
    private IssuedLogin _login = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await LoopbackAuthorizationServer.StartAsync();
        _client = new LoopbackServerClient(_server);
        _login = _server.IssueLogin();
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task A_request_parked_before_processing_has_used_nothing_yet()
    {
        using ParkedRequest parked = _server.ParkNextTokenRequest(ParkPoint.BeforeProcessing);
        Task<TokenAnswer> refresh = _client.RefreshAsync(_login.RefreshToken);

        await parked.Arrived;

        _server.Books.Should().BeEquivalentTo(new { TokenRequests = 1, InFlight = 1, Grants = 0 });
        refresh.IsCompleted.Should().BeFalse();
        parked.Release();
        (await refresh).Status.Should().Be(HttpStatusCode.OK);
        await _server.WaitForTokenRequestsToEndAsync();
        _server.Books.Should().BeEquivalentTo(new { InFlight = 0, Grants = 1 });
    }

    [Fact]
    public async Task A_request_parked_after_processing_has_rotated_and_may_lose_its_answer()
    {
        using ParkedRequest parked = _server.ParkNextTokenRequest(ParkPoint.AfterProcessing);
        Task<TokenAnswer> refresh = _client.RefreshAsync(_login.RefreshToken);
        await parked.Arrived;

        _server.Books.Grants.Should().Be(1);
        parked.Drop();

        await refresh.Invoking(task => task).Should().ThrowAsync<HttpRequestException>();
        (await _client.RefreshAsync(_login.RefreshToken)).Error.Should().Be("invalid_grant");
        _server.Books.Reuses.Should().Be(1);
    }

    [Fact]
    public async Task A_parked_request_whose_client_went_away_is_processed_all_the_same()
    {
        using ParkedRequest parked = _server.ParkNextTokenRequest(ParkPoint.BeforeProcessing);
        using (var leaving = new LoopbackServerClient(_server))
        {
            Task<TokenAnswer> refresh = leaving.RefreshAsync(_login.RefreshToken);
            await parked.Arrived;
            leaving.Http.CancelPendingRequests();
            await refresh.Invoking(task => task).Should().ThrowAsync<OperationCanceledException>();
        }

        parked.Release();
        await _server.WaitForTokenRequestsToEndAsync();

        (await _client.RefreshAsync(_login.RefreshToken)).Error.Should().Be("invalid_grant");
    }

    [Fact]
    public async Task A_connection_dropped_before_processing_leaves_the_refresh_token_alone()
    {
        _server.EnqueueTokenBehavior(TokenEndpointBehavior.DropBeforeProcessing);

        Func<Task> act = () => _client.RefreshAsync(_login.RefreshToken);

        await act.Should().ThrowAsync<HttpRequestException>();
        await _server.WaitForTokenRequestsToEndAsync();
        _server.Books.Should().BeEquivalentTo(new { TokenRequests = 1, Grants = 0, InFlight = 0 });
        (await _client.RefreshAsync(_login.RefreshToken)).Status.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_connection_dropped_after_processing_loses_the_tokens()
    {
        _server.EnqueueTokenBehavior(TokenEndpointBehavior.DropAfterProcessing);

        Func<Task> act = () => _client.RefreshAsync(_login.RefreshToken);

        await act.Should().ThrowAsync<HttpRequestException>();
        _server.Books.Grants.Should().Be(1);
    }

    [Fact]
    public async Task A_failure_after_processing_spends_the_refresh_token()
    {
        _server.EnqueueTokenBehavior(TokenEndpointBehavior.FailAfterProcessing(502));

        TokenAnswer answer = await _client.RefreshAsync(_login.RefreshToken);

        answer.Status.Should().Be(HttpStatusCode.BadGateway);
        _server.Books.Grants.Should().Be(1);
    }

    [Fact]
    public async Task A_body_may_end_early_with_or_without_a_broken_connection()
    {
        _server.EnqueueTokenBehavior(TokenEndpointBehavior.TruncateBody(30), TokenEndpointBehavior.ResetInBody(30));
        IssuedLogin other = _server.IssueLogin();

        TokenAnswer truncated = await _client.RefreshAsync(_login.RefreshToken);
        Func<Task> reset = () => _client.RefreshAsync(other.RefreshToken);

        truncated.Body.Should().HaveLength(30).And.StartWith("{\"access_token\":\"");
        await reset.Should().ThrowAsync<HttpRequestException>();
        _server.Books.Grants.Should().Be(2);
    }

    [Fact]
    public async Task Answers_of_others_leave_the_refresh_token_alone()
    {
        _server.EnqueueTokenBehavior(
            TokenEndpointBehavior.Html(),
            TokenEndpointBehavior.Error("invalid_client", 401),
            TokenEndpointBehavior.Throttle(429, TimeSpan.FromHours(1)),
            TokenEndpointBehavior.Throttle(503, new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero)));

        TokenAnswer html = await _client.RefreshAsync(_login.RefreshToken);
        TokenAnswer error = await _client.RefreshAsync(_login.RefreshToken);
        TokenAnswer seconds = await _client.RefreshAsync(_login.RefreshToken);
        TokenAnswer date = await _client.RefreshAsync(_login.RefreshToken);

        html.Body.Should().StartWith("<!doctype html>");
        error.Error.Should().Be("invalid_client");
        seconds.Headers.RetryAfter!.Delta.Should().Be(TimeSpan.FromHours(1));
        date.Headers.RetryAfter!.Date.Should().Be(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
        _server.Books.Should().BeEquivalentTo(new { TokenRequests = 4, Grants = 0, Reuses = 0 });
        _server.Books.Logins[_login.Id].TokenRequests.Should().Be(4);
        (await _client.RefreshAsync(_login.RefreshToken)).Status.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task An_answer_without_refresh_token_rotates_nothing()
    {
        _server.EnqueueTokenBehavior(
            TokenEndpointBehavior.Member("refresh_token", null), TokenEndpointBehavior.Member(
                "refresh_token",
                "null"), TokenEndpointBehavior.Member("refresh_token", "\"\""));

        TokenAnswer omitted = await _client.RefreshAsync(_login.RefreshToken);
        TokenAnswer isNull = await _client.RefreshAsync(_login.RefreshToken);
        TokenAnswer empty = await _client.RefreshAsync(_login.RefreshToken);

        omitted.Json.TryGetProperty("refresh_token", out _).Should().BeFalse();
        isNull.Body.Should().Contain("\"refresh_token\":null");
        empty.RefreshToken.Should().BeEmpty();
        _server.Books.Should().BeEquivalentTo(new { Grants = 3, Reuses = 0 });
        (await _client.RefreshAsync(_login.RefreshToken)).Status.Should().Be(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("0")]
    [InlineData("-5")]
    [InlineData("\"3600\"")]
    public async Task The_lifetime_in_the_answer_may_be_anything(string? json)
    {
        _server.EnqueueTokenBehavior(TokenEndpointBehavior.Member("expires_in", json));

        TokenAnswer answer = await _client.RefreshAsync(_login.RefreshToken);

        (answer.Json.TryGetProperty("expires_in", out System.Text.Json.JsonElement value) ? value.GetRawText() : null).Should().Be(json);
        answer.RefreshToken.Should().NotBe(_login.RefreshToken);
    }

    [Fact]
    public async Task A_body_may_be_huge()
    {
        _server.EnqueueTokenBehavior(TokenEndpointBehavior.HugeBody(8 << 20));

        TokenAnswer answer = await _client.RefreshAsync(_login.RefreshToken);

        answer.Body.Should().HaveLength(8 << 20);
    }

    [Fact]
    public async Task A_redirect_names_the_other_origin_which_counts_who_follows()
    {
        _server.EnqueueTokenBehavior(TokenEndpointBehavior.Redirect(307, new Uri(_server.OtherOrigin, "/token")));
        using var following = new HttpClient();
        using var form = new FormUrlEncodedContent(
            [KeyValuePair.Create("grant_type", "refresh_token"), KeyValuePair.Create("refresh_token", _login.RefreshToken)]);

        await following.PostAsync(_server.TokenUri, form, TestContext.Current.CancellationToken);

        _server.OtherOrigin.Should().NotBe(_server.BaseAddress);
        _server.Books.Should().BeEquivalentTo(new { TokenRequests = 1, RedirectTargetHits = 1, RedirectTargetSecrets = 1, Grants = 0 });
    }

    [Fact]
    public async Task A_delay_holds_the_request_before_it_is_processed()
    {
        var time = new ManualTimeProvider();
        await using LoopbackAuthorizationServer server = await LoopbackAuthorizationServer.StartAsync(
            new() { TimeProvider = time, Latency = TimeSpan.FromSeconds(1) });
        using var client = new LoopbackServerClient(server);
        server.EnqueueTokenBehavior(TokenEndpointBehavior.DelayBy(TimeSpan.FromSeconds(4)));
        Task<TokenAnswer> refresh = client.RefreshAsync(server.IssueLogin().RefreshToken);
        await time.WaitForTimerDueInAsync(TimeSpan.FromSeconds(5));

        server.Books.Grants.Should().Be(0);
        time.Advance(TimeSpan.FromSeconds(5));

        (await refresh).Status.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task The_barrier_makes_all_requests_meet_with_the_same_token()
    {
        using ApiBarrier barrier = _server.HoldApiRequests(5, releaseWhenFull: false);
        Task<HttpResponseMessage>[] calls = [.. Enumerable.Range(0, 5).Select(_ => _client.CallApiAsync(_login.AccessToken))];
        await barrier.AllArrived;

        _server.RevokeAccessToken(_login.AccessToken);
        _server.Books.ApiRequests.Should().Be(0);
        barrier.Release();

        (await Task.WhenAll(calls)).Should().OnlyContain(response => response.StatusCode == HttpStatusCode.Unauthorized);
        (await _client.CallApiAsync(_server.IssueLogin().AccessToken)).StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_parked_answer_of_the_resource_is_a_late_401()
    {
        _server.RevokeAccessToken(_login.AccessToken);
        using ParkedRequest parked = _server.ParkNextApiRequest(ParkPoint.AfterProcessing);
        Task<HttpResponseMessage> call = _client.CallApiAsync(_login.AccessToken);

        await parked.Arrived;

        _server.Books.ApiRejections.Should().Be(1);
        call.IsCompleted.Should().BeFalse();
        parked.Release();
        (await call).StatusCode.Should().Be(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Disposal_does_not_wait_for_parked_requests()
    {
        LoopbackAuthorizationServer server = await LoopbackAuthorizationServer.StartAsync();
        using var client = new LoopbackServerClient(server);
        ParkedRequest parked = server.ParkNextTokenRequest();
        Task<TokenAnswer> refresh = client.RefreshAsync(server.IssueLogin().RefreshToken);
        await parked.Arrived;

        await server.DisposeAsync();

        await refresh.Invoking(task => task).Should().ThrowAsync<HttpRequestException>();
    }
}
