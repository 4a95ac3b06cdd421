using FluentAssertions;
using TokenRefresh.Endpoint;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;

namespace TokenRefresh.Tests.Refresh;

/// <summary>Access tokens of type <c>DPoP</c> (RFC 9449), which only work with a key that this version cannot have.</summary>
[FailureMode("F113")]
public sealed class BoundTokenTests
{
    private readonly ManualTimeProvider _clock = new();

    [Theory]
    [InlineData("DPoP")]
    [InlineData("dpop")]
    [InlineData("DPOP")]
    [InlineData(" DPoP ")]
    public async Task An_answer_with_a_bound_token_is_a_configuration_error_and_its_refresh_token_is_saved(string type)
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _clock });
        CoordinatedTokenProvider provider = Create(login);
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.Member("token_type", $"\"{type}\"");

        await RefusedAsync(provider, "*answered with an access token of type 'DPoP'*Configure the client*'Bearer'*");

        using Stores.FileCredentialsStore store = login.CreateStore();
        OAuthCredentials stored = (await store.ReadAsync())!;
        stored.RefreshToken.Should().NotBe(login.Login.RefreshToken, "that one is used up");
        stored.AccessToken.Should().Be(login.Login.AccessToken, "the new one is of no use");
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.Normal;
        _clock.Advance(TimeSpan.FromMinutes(2));
        login.Server.IsAccepted((await provider.GetAccessTokenAsync()).Value).Should().BeTrue();
        login.Server.Books.Should().BeEquivalentTo(new { TokenRequests = 2, Reuses = 0 });
    }

    [Fact]
    public async Task No_process_asks_again_before_the_pause_is_over_and_each_tells_why()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _clock });
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.Member("token_type", "\"DPoP\"");
        await RefusedAsync(Create(login), "*of type 'DPoP'*");

        await RefusedAsync(Create(login), "*of type 'DPoP'*");

        (await Create(login).GetStatusAsync()).Problem.Should().Contain("of type 'DPoP'");
        login.Server.Books.TokenRequests.Should().Be(1);
        for (int i = 0; i < 6; i++)
        {
            _clock.Advance(TimeSpan.FromMinutes(10));
            await RefusedAsync(Create(login), "*of type 'DPoP'*");
        }

        login.Server.Books.Should().BeEquivalentTo(new { TokenRequests = 7, Reuses = 0 });
    }

    [Fact]
    public async Task The_present_token_is_served_as_long_as_it_is_valid()
    {
        await using SharedLogin login = await SharedLogin.StartAsync(new() { TimeProvider = _clock });
        using var log = new LogCollector();
        CoordinatedTokenProvider provider = Create(login, new() { TimeProvider = _clock, LoggerFactory = log });
        AccessToken first = await provider.GetAccessTokenAsync();
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.Member("token_type", "\"DPoP\"");
        _clock.Advance(TimeSpan.FromMinutes(57));

        (await provider.GetAccessTokenAsync()).Should().BeSameAs(first);
        await log.WaitForAsync(TokenRefreshEventIds.BackgroundRefreshFailed);

        (await provider.GetAccessTokenAsync()).Value.Should().Be(first.Value);
        (await Create(login).GetAccessTokenAsync()).Value.Should().Be(first.Value, "another process reads the same");
        login.Server.Books.TokenRequests.Should().Be(1);
    }

    [Fact]
    public async Task A_server_that_keeps_its_refresh_token_leaves_the_file_as_it_is()
    {
        using var store = new InMemoryCredentialsStore(new OAuthCredentials("access-0", "refresh-0", DateTimeOffset.UnixEpoch));
        var client = new AnsweringClient(new TokenResponse("access-1", null, TimeSpan.FromHours(1)) { TokenType = "DPoP" });
        await using var provider = CoordinatedTokenProvider.Create(
            _ => { }, new() { CredentialsStore = store, TokenEndpointClient = client, TimeProvider = _clock });

        await RefusedAsync(provider, "*of type 'DPoP'*");
        await RefusedAsync(provider, "*of type 'DPoP'*");

        (await store.ReadAsync()).Should().BeEquivalentTo(new { AccessToken = "access-0", RefreshToken = "refresh-0" });
        client.Calls.Should().Be(1);
    }

    [Theory]
    [InlineData("DPoP", 4102444800)]
    [InlineData("dpop", 1)]
    public async Task A_stored_bound_token_is_neither_served_nor_refreshed(string type, long expiresAt)
    {
        await using SharedLogin login = await SharedLogin.StartAsync(new() { TimeProvider = _clock });
        await File.WriteAllTextAsync(
            login.Path,
            $$"""{ "access_token": "a", "refresh_token": "{{login.Login.RefreshToken}}", "expires_at": {{expiresAt}}, """
            + $$""" "token_type": "{{type}}" }""");
        CoordinatedTokenProvider provider = Create(login);

        await RefusedAsync(provider, "*of type 'DPoP'*the key of the program that obtained it*Nothing was sent*");
        await FluentActions.Awaiting(() => provider.RefreshAccessTokenAsync(new AccessToken("a")).AsTask())
            .Should().ThrowAsync<TokenRefreshConfigurationException>();

        TokenRefreshStatus status = await provider.GetStatusAsync();
        status.State.Should().Be(TokenRefreshState.ExpiredNotRefreshable);
        status.Problem.Should().Contain("of type 'DPoP'");
        login.Server.Books.TokenRequests.Should().Be(0);
    }

    [Fact]
    public async Task A_bound_token_is_not_stored()
    {
        using var store = new InMemoryCredentialsStore();
        await using var provider = CoordinatedTokenProvider.Create(
            _ => { }, new() { CredentialsStore = store, TokenEndpointClient = new AnsweringClient() });

        var sign = () => provider.StoreAsync(new OAuthCredentials("a", "r") { TokenType = "dpop" });

        await sign.Should().ThrowAsync<TokenRefreshConfigurationException>().WithMessage("*token type is 'DPoP'*Nothing was stored*");
        (await store.ReadAsync()).Should().BeNull();
    }

    private static async Task RefusedAsync(CoordinatedTokenProvider provider, string message) =>
        (await provider.Awaiting(p => p.GetAccessTokenAsync().AsTask()).Should().ThrowAsync<TokenRefreshConfigurationException>())
            .WithMessage(message);

    private CoordinatedTokenProvider Create(SharedLogin login, CoordinatedTokenProviderServices? services = null) =>
        login.CreateProvider(services: services ?? new() { TimeProvider = _clock });
}
