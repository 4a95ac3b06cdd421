using FluentAssertions;
using TokenRefresh.Endpoint;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;

namespace TokenRefresh.Tests.Refresh;

/// <summary>Logins that are bound to a key (DPoP, RFC 9449), at a server that demands the proof of each token request.</summary>
public sealed class ProofTests
{
    private static readonly LoopbackAuthorizationServerOptions WithNonce = new() { DemandsDPoPNonce = true };

    private readonly ManualTimeProvider _clock = new();

    [Fact]
    public async Task A_bound_login_is_refreshed_with_a_proof_and_its_key_stays_in_the_file()
    {
        await using SharedLogin login = await ExpiredAsync();
        string before = await File.ReadAllTextAsync(login.Path);

        AccessToken token = await login.CreateProvider().GetAccessTokenAsync();

        token.TokenType.Should().Be("DPoP");
        token.HeaderValue.Should().Be($"DPoP {token.Value}");
        token.DPoPKey!.Thumbprint.Should().Be(login.Key!.Thumbprint);
        login.Books.Should().BeEquivalentTo(new { TokenRequests = 1, Grants = 1, Reuses = 0, ProofsRefused = 0, NoncesAsked = 0 });
        string after = await File.ReadAllTextAsync(login.Path);
        after.Should().NotBe(before).And.Contain(login.Key.ExportJwk());
    }

    [Fact]
    public async Task A_valid_bound_token_is_served_without_a_request()
    {
        await using SharedLogin login = await SharedLogin.StartBoundAsync();

        AccessToken token = await login.CreateProvider().GetAccessTokenAsync();

        token.HeaderValue.Should().Be($"DPoP {login.Login.AccessToken}");
        login.Books.TokenRequests.Should().Be(0);
        (await login.CreateProvider().GetStatusAsync()).DPoPKeyThumbprint.Should().Be(login.Key!.Thumbprint);
    }

    [Fact]
    public async Task A_nonce_that_the_server_asks_for_costs_a_second_sending_and_one_rotation()
    {
        await using SharedLogin login = await ExpiredAsync(WithNonce);

        await login.CreateProvider().GetAccessTokenAsync();

        login.Books.Should().BeEquivalentTo(
            new { TokenRequests = 2, Grants = 1, Reuses = 0, Replays = 0, ProofsRefused = 0, NoncesAsked = 1, InvalidRequests = 0 });
    }

    [Fact]
    public async Task The_nonce_of_an_answer_is_in_the_next_request()
    {
        await using SharedLogin login = await ExpiredAsync(WithNonce with { DPoPNonceUses = 1 });
        CoordinatedTokenProvider provider = login.CreateProvider();
        AccessToken token = await provider.GetAccessTokenAsync();

        for (int i = 0; i < 3; i++)
        {
            token = await provider.RefreshAccessTokenAsync(token);
        }

        login.Books.Should().BeEquivalentTo(new { TokenRequests = 5, Grants = 4, Reuses = 0, NoncesAsked = 1 });
    }

    [Fact]
    public async Task A_nonce_that_is_replaced_meanwhile_costs_one_more_sending_again()
    {
        await using SharedLogin login = await ExpiredAsync(WithNonce);
        CoordinatedTokenProvider provider = login.CreateProvider();
        AccessToken token = await provider.GetAccessTokenAsync();
        login.Server.RotateDPoPNonce();

        await provider.RefreshAccessTokenAsync(token);

        login.Books.Should().BeEquivalentTo(new { TokenRequests = 4, Grants = 2, Reuses = 0, NoncesAsked = 2 });
    }

    [Theory]
    [InlineData(400, "always-another-nonce", 2)]
    [InlineData(401, "always-another-nonce", 2)]
    [InlineData(400, null, 1)]
    [InlineData(400, "no nonce", 1)]
    [InlineData(400, "a\"b", 1)]
    public async Task A_nonce_that_never_satisfies_is_a_typed_error_and_leaves_the_refresh_token(int status, string? nonce, int requests)
    {
        await using SharedLogin login = await ExpiredAsync(new() { TimeProvider = _clock }, TimeSpan.FromHours(-1));
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.AnswerWith(
            status,
            """{"error":"use_dpop_nonce"}""",
            headers: nonce is null ? null : new Dictionary<string, string>(StringComparer.Ordinal) { ["DPoP-Nonce"] = nonce });
        CoordinatedTokenProvider provider = login.CreateProvider(services: new() { TimeProvider = _clock });

        for (int i = 0; i < 2; i++)
        {
            await provider.Awaiting(p => p.GetAccessTokenAsync().AsTask())
                .Should().ThrowAsync<TokenRefreshConfigurationException>().WithMessage(i > 0 ? "*" : "*proof by a key*'use_dpop_nonce'*");
        }

        login.Books.TokenRequests.Should().Be(requests, "the second call is within the pause");
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.Normal;
        _clock.Advance(TimeSpan.FromMinutes(2));
        await provider.GetAccessTokenAsync();
        login.Books.Should().BeEquivalentTo(new { Grants = 1, Reuses = 0 });
    }

    [Fact]
    public async Task A_lost_answer_to_the_second_sending_counts_as_one_attempt()
    {
        await using SharedLogin login = await ExpiredAsync(WithNonce with { RefreshTokenReuseWindow = TimeSpan.FromMinutes(1) });
        login.Server.EnqueueTokenBehavior(TokenEndpointBehavior.Normal, TokenEndpointBehavior.DropAfterProcessing);

        AccessToken token = await login.CreateProvider().GetAccessTokenAsync();

        login.Server.IsAccepted(token.Value).Should().BeTrue();
        login.Books.Should().BeEquivalentTo(
            new { TokenRequests = 3, Grants = 2, Replays = 1, Reuses = 0, NoncesAsked = 1 }, "a first lost answer is replayed at once");
    }

    [Fact]
    public async Task A_second_sending_that_never_leaves_is_no_unknown_outcome()
    {
        await using SharedLogin login = await ExpiredAsync(WithNonce, TimeSpan.FromHours(-1));
        int calls = 0;
        using var invoker = new HttpMessageInvoker(new Failing(
            () => ++calls == 2, new HttpRequestException(HttpRequestError.ConnectionError, "no route")));
        CoordinatedTokenProvider provider = login.CreateProvider(services: new() { HttpMessageInvoker = invoker });

        AccessToken token = await provider.GetAccessTokenAsync();

        token.TokenType.Should().Be("DPoP");
        login.Books.Should().BeEquivalentTo(new { TokenRequests = 2, Grants = 1, Reuses = 0, NoncesAsked = 1 });
    }

    [Fact]
    public async Task An_assertion_that_fails_before_the_second_sending_leaves_no_attempt_behind()
    {
        await using SharedLogin login = await ExpiredAsync(WithNonce, TimeSpan.FromHours(1));
        CoordinatedTokenProvider sound = login.CreateProvider();
        AccessToken token = await sound.GetAccessTokenAsync();
        int asked = 0;
        CoordinatedTokenProvider failing = login.CreateProvider(o =>
        {
            o.ClientAuthentication = ClientAuthentication.ClientAssertion;
            o.ClientAssertion = _ => ++asked == 1 ? new("a.b.c") : throw new IOException("No key.");
        });

        await failing.Awaiting(p => p.RefreshAccessTokenAsync(token).AsTask())
            .Should().ThrowAsync<TokenEndpointUnavailableException>().WithMessage("*'ClientAssertion' failed*Nothing was sent*");

        using Stores.FileCredentialsStore store = login.CreateStore();
        string record = System.Text.Encoding.UTF8.GetString((await store.ReadRecordAsync()).Span);
        record.Should().NotContain("\"attempt\":{", "the refresh token was not looked at");
        (await sound.RenewAccessTokenAsync(token)).Value.Should().NotBe(token.Value, "no one has to wait for an outcome");
        login.Books.Should().BeEquivalentTo(new { Grants = 1, Reuses = 0, Replays = 0 });
    }

    [Fact]
    public async Task A_key_other_than_that_of_the_refresh_token_is_refused_by_the_server()
    {
        await using SharedLogin login = await ExpiredAsync();
        string stored = await File.ReadAllTextAsync(login.Path);
        await File.WriteAllTextAsync(
            login.Path, stored.Replace(login.Key!.ExportJwk(), DPoPKey.Create().ExportJwk(), StringComparison.Ordinal));

        await login.CreateProvider().Awaiting(p => p.GetAccessTokenAsync().AsTask()).Should().ThrowAsync<SignInRequiredException>();

        login.Books.Should().BeEquivalentTo(new { TokenRequests = 1, Grants = 0, Reuses = 0, ProofsRefused = 1 });
    }

    [Fact]
    public async Task A_key_that_cannot_be_read_is_a_typed_error_and_nothing_is_sent_or_changed()
    {
        await using SharedLogin login = await ExpiredAsync();
        string stored = await File.ReadAllTextAsync(login.Path);
        string broken = stored.Replace("\"d\":", "\"no\":", StringComparison.Ordinal);
        await File.WriteAllTextAsync(login.Path, broken);
        CoordinatedTokenProvider provider = login.CreateProvider();

        await provider.Awaiting(p => p.GetAccessTokenAsync().AsTask())
            .Should().ThrowAsync<CredentialsFileException>().WithMessage("*'claudeAiOauth.dpopKey'*no member 'd'*");
        await provider.Awaiting(p => p.StoreAsync(new OAuthCredentials("a", "r")))
            .Should().ThrowAsync<CredentialsFileException>("valid JSON is never moved aside");

        (await File.ReadAllTextAsync(login.Path)).Should().Be(broken);
        login.Books.TokenRequests.Should().Be(0);
        await File.WriteAllTextAsync(login.Path, stored);
        await provider.GetAccessTokenAsync();
    }

    [Fact]
    public async Task A_server_that_demands_a_proof_of_a_login_without_a_key_is_a_typed_error()
    {
        await using SharedLogin login = await SharedLogin.StartExpiredAsync(new() { DemandsDPoP = true });

        await login.CreateProvider().Awaiting(p => p.GetAccessTokenAsync().AsTask())
            .Should().ThrowAsync<TokenRefreshConfigurationException>().WithMessage("*'invalid_dpop_proof'*sign in with one*");

        login.Books.Should().BeEquivalentTo(new { TokenRequests = 1, Grants = 0, ProofsRefused = 1 });
    }

    [Fact]
    public async Task A_clock_that_is_wrong_is_a_typed_error_that_names_it()
    {
        await using SharedLogin login = await ExpiredAsync(lifetime: TimeSpan.FromDays(-400));
        _clock.Advance(TimeProvider.System.GetUtcNow() - _clock.GetUtcNow() - TimeSpan.FromHours(1));

        await login.CreateProvider(services: new() { TimeProvider = _clock }).Awaiting(p => p.GetAccessTokenAsync().AsTask())
            .Should().ThrowAsync<TokenRefreshConfigurationException>().WithMessage("*'invalid_dpop_proof'*clock*");

        login.Books.Should().BeEquivalentTo(new { Grants = 0, Reuses = 0, ProofsRefused = 1 });
    }

    [Fact]
    public async Task A_server_that_goes_back_to_bearer_tokens_gets_them_in_all_processes_and_may_turn_again()
    {
        await using SharedLogin login = await ExpiredAsync();
        login.Server.DemandsDPoP = false;

        AccessToken plain = await login.CreateProvider().GetAccessTokenAsync();

        plain.HeaderValue.Should().Be($"Bearer {plain.Value}");
        plain.DPoPKey.Should().BeNull();
        CoordinatedTokenProvider other = login.CreateProvider();
        (await other.GetAccessTokenAsync()).HeaderValue.Should().Be(plain.HeaderValue, "the file says it");
        login.Server.DemandsDPoP = true;
        AccessToken bound = await other.RefreshAccessTokenAsync(plain);
        bound.HeaderValue.Should().Be($"DPoP {bound.Value}", "the key was kept");
        login.Books.Should().BeEquivalentTo(new { Grants = 2, Reuses = 0, ProofsRefused = 0 });
    }

    [Theory]
    [InlineData("dpop")]
    [InlineData("DPOP")]
    [InlineData(null)]
    public async Task The_case_of_the_type_or_its_absence_changes_nothing(string? type)
    {
        await using SharedLogin login = await ExpiredAsync();
        login.Server.EnqueueTokenBehavior(TokenEndpointBehavior.Member("token_type", type is null ? null : $"\"{type}\""));

        AccessToken token = await login.CreateProvider().GetAccessTokenAsync();

        token.HeaderValue.Should().Be($"DPoP {token.Value}");
        (await login.CreateProvider().GetAccessTokenAsync()).HeaderValue.Should().Be(token.HeaderValue);
    }

    [Fact]
    public async Task A_sign_in_stores_the_key_and_a_later_one_without_takes_it_away()
    {
        await using SharedLogin login = await SharedLogin.StartAsync(new() { DemandsDPoP = true });
        var key = DPoPKey.Create();
        CoordinatedTokenProvider provider = login.CreateProvider();
        IssuedLogin issued = login.Server.IssueLogin(TimeSpan.FromMinutes(-1), key.Thumbprint);

        await provider.StoreAsync(
            new OAuthCredentials(issued.AccessToken, issued.RefreshToken, issued.Credentials.ExpiresAt) { DPoPKey = key });

        AccessToken token = await login.CreateProvider().GetAccessTokenAsync();
        login.Server.IsAccepted(token.Value).Should().BeTrue();
        (await provider.GetAccessTokenAsync()).HeaderValue.Should().Be(token.HeaderValue).And.StartWith("DPoP ");
        await provider.StoreAsync(new OAuthCredentials("access", "refresh"));
        (await File.ReadAllTextAsync(login.Path)).Should().NotContain("dpopKey");
    }

    [Fact]
    public async Task A_store_whose_format_has_no_place_for_the_key_refuses_the_login_and_changes_nothing()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        string before = await File.ReadAllTextAsync(login.Path);
        CoordinatedTokenProvider provider = login.CreateProvider(o => o.FileFormat = new CredentialsFileFormat());

        await provider.Awaiting(p => p.StoreAsync(new OAuthCredentials("a", "r") { DPoPKey = DPoPKey.Create() }))
            .Should().ThrowAsync<TokenRefreshConfigurationException>().WithMessage("*'DPoPKeyMember'*");

        (await File.ReadAllTextAsync(login.Path)).Should().Be(before);
        login.TempFiles.Should().BeEmpty();
    }

    [Fact]
    public async Task Tokens_that_could_not_be_saved_keep_their_key()
    {
        await using SharedLogin login = await ExpiredAsync();
        using var store = new InMemoryCredentialsStore(
            new OAuthCredentials(login.Login.AccessToken, login.Login.RefreshToken, DateTimeOffset.UnixEpoch) { DPoPKey = login.Key });
        await using var provider = CoordinatedTokenProvider.Create(
            o => (o.TokenEndpoint, o.ClientId) = (login.Server.TokenUri, "tests"), new() { CredentialsStore = store });

        AccessToken token = await provider.GetAccessTokenAsync();
        await provider.RefreshAccessTokenAsync(token);

        (await store.ReadAsync())!.DPoPKey.Should().BeSameAs(login.Key);
        login.Books.Should().BeEquivalentTo(new { Grants = 2, Reuses = 0, ProofsRefused = 0 });
    }

    [Fact]
    public async Task A_token_endpoint_client_of_the_program_gets_the_key()
    {
        var key = DPoPKey.Create();
        using var store = new InMemoryCredentialsStore(new OAuthCredentials("a-0", "r-0", DateTimeOffset.UnixEpoch) { DPoPKey = key });
        DPoPKey? seen = null;
        var client = new AnsweringClient(async request =>
        {
            seen = request.DPoPKey;
            await request.BeforeSendAsync();
            return TokenEndpointResult.Success(new TokenResponse("a-1", "r-1", TimeSpan.FromHours(1)) { TokenType = "DPoP" });
        });
        await using var provider = CoordinatedTokenProvider.Create(
            _ => { }, new() { CredentialsStore = store, TokenEndpointClient = client });

        (await provider.GetAccessTokenAsync()).HeaderValue.Should().Be("DPoP a-1");

        seen.Should().BeSameAs(key);
    }

    [Fact]
    public async Task No_log_and_no_error_shows_a_part_of_the_key()
    {
        await using SharedLogin login = await ExpiredAsync(WithNonce);
        using var log = new LogCollector();
        CoordinatedTokenProvider provider = login.CreateProvider(services: new() { LoggerFactory = log });
        AccessToken token = await provider.GetAccessTokenAsync();
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.Error("invalid_dpop_proof");
        Exception failure = (await provider.Awaiting(p => p.RefreshAccessTokenAsync(token).AsTask())
            .Should().ThrowAsync<TokenRefreshConfigurationException>()).Which;

        string secret = System.Text.Json.JsonDocument.Parse(login.Key!.ExportJwk()).RootElement.GetProperty("d").GetString()!;

        $"{log.Text} {failure} {token}"
            .Should().NotContain(secret[..12]);
    }

    private static Task<SharedLogin> ExpiredAsync(LoopbackAuthorizationServerOptions? options = null, TimeSpan? lifetime = null) =>
        SharedLogin.StartBoundAsync(options, lifetime ?? TimeSpan.FromMinutes(-1));

    private sealed class Failing(Func<bool> fails, Exception failure) : DelegatingHandler(new SocketsHttpHandler())
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            fails() ? throw failure : base.SendAsync(request, cancellationToken);
    }
}
