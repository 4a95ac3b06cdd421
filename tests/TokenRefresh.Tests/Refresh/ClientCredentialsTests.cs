using System.Text.Json;
using FluentAssertions;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;

namespace TokenRefresh.Tests.Refresh;

/// <summary>The client's own token (RFC 6749 section 4.4), which the processes share as they share a login.</summary>
public sealed class ClientCredentialsTests
{
    private readonly ManualTimeProvider _clock = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_missing_file_is_created_and_the_token_in_it_serves_the_next_provider()
    {
        await using SharedLogin login = await StartAsync();

        AccessToken[] tokens = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(_ => Provider(login)).Select(provider => provider.GetAccessTokenAsync(Cancelled).AsTask()));
        AccessToken later = await Provider(login).GetAccessTokenAsync(Cancelled);

        tokens.Append(later).Select(token => token.Value).Distinct().Should().ContainSingle();
        login.Server.IsAccepted(later.Value).Should().BeTrue();
        using var file = JsonDocument.Parse(await File.ReadAllBytesAsync(login.Path, Cancelled));
        file.RootElement.EnumerateObject().Select(member => member.Name)
            .Should().BeEquivalentTo("access_token", "expires_at", "scope", "token_type");
        IReadOnlyDictionary<string, string> sent = login.Server.ReceivedTokenRequests.Should().ContainSingle().Subject.Parameters;
        sent.Should().Equal(new Dictionary<string, string> { ["grant_type"] = "client_credentials", ["client_id"] = "tests" });
    }

    [Fact]
    public async Task An_expiry_costs_one_request_over_the_providers_and_a_due_token_is_replaced_in_the_background()
    {
        await using SharedLogin login = await StartAsync();
        CoordinatedTokenProvider[] providers = [Provider(login), Provider(login), Provider(login)];
        AccessToken first = await providers[0].GetAccessTokenAsync(Cancelled);
        _clock.Advance(TimeSpan.FromMinutes(61));

        AccessToken[] second = await Task.WhenAll(providers.Select(provider => provider.GetAccessTokenAsync(Cancelled).AsTask()));
        _clock.Advance(TimeSpan.FromMinutes(58));
        AccessToken due = await providers[0].GetAccessTokenAsync(Cancelled);
        await login.Server.WaitForTokenRequestsAsync(3);

        second.Should().OnlyContain(token => token.Value == second[0].Value && token.Value != first.Value);
        due.Value.Should().Be(second[0].Value);
    }

    [Theory]
    [InlineData(ClientAuthentication.ClientSecretBasic)]
    [InlineData(ClientAuthentication.ClientSecretPost)]
    [InlineData(ClientAuthentication.ClientAssertion)]
    public async Task The_client_authenticates_by_its_method_and_sends_scope_and_further_parameters(ClientAuthentication authentication)
    {
        await using SharedLogin login = await StartAsync(authentication);
        CoordinatedTokenProvider provider = Provider(login, o =>
        {
            o.ClientAuthentication = authentication;
            o.ClientSecret = authentication == ClientAuthentication.ClientAssertion ? null : "secret";
            o.ClientAssertion = authentication == ClientAuthentication.ClientAssertion ? _ => new("assertion") : null;
            o.Scope = "user:inference";
            o.AdditionalParameters["audience"] = "api";
        });

        await provider.GetAccessTokenAsync(Cancelled);

        IReadOnlyDictionary<string, string> sent = login.Server.ReceivedTokenRequests.Should().ContainSingle().Subject.Parameters;
        sent.Should().Contain(
            new Dictionary<string, string> { ["grant_type"] = "client_credentials", ["scope"] = "user:inference", ["audience"] = "api" });
        sent.ContainsKey("refresh_token").Should().BeFalse();
        sent.GetValueOrDefault("client_assertion").Should().Be(authentication == ClientAuthentication.ClientAssertion ? "assertion" : null);
    }

    [Fact]
    public async Task A_refresh_token_that_the_server_sends_all_the_same_is_not_kept()
    {
        await using SharedLogin login = await StartAsync();
        login.Server.EnqueueTokenBehavior(TokenEndpointBehavior.Member("refresh_token", "\"not-kept\""));

        AccessToken token = await Provider(login).GetAccessTokenAsync(Cancelled);

        login.Server.IsAccepted(token.Value).Should().BeTrue();
        (await File.ReadAllTextAsync(login.Path, Cancelled)).Should().Contain(token.Value).And.NotContain("not-kept");
    }

    [Fact]
    public async Task A_lost_answer_is_asked_for_once_more_at_once()
    {
        await using SharedLogin login = await StartAsync();
        login.Server.EnqueueTokenBehavior(TokenEndpointBehavior.DropAfterProcessing);

        AccessToken token = await Provider(login).GetAccessTokenAsync(Cancelled);

        login.Server.IsAccepted(token.Value).Should().BeTrue();
        login.Books.TokenRequests.Should().Be(2);
    }

    [Fact]
    public async Task Failures_are_shared_and_not_repeated_within_their_pause()
    {
        await using SharedLogin login = await StartAsync();
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.Throttle(503, retryAfter: null);
        CoordinatedTokenProvider[] providers = [Provider(login), Provider(login)];

        foreach (CoordinatedTokenProvider provider in providers)
        {
            (await provider.Awaiting(p => p.GetAccessTokenAsync(Cancelled).AsTask()).Should()
                .ThrowAsync<TokenEndpointUnavailableException>()).Which.Message.Should().NotContain("refresh token");
        }

        int requests = login.Books.TokenRequests;
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.Normal;
        _clock.Advance(TimeSpan.FromMinutes(11));
        AccessToken token = await providers[1].GetAccessTokenAsync(Cancelled);

        requests.Should().Be(1);
        login.Server.IsAccepted(token.Value).Should().BeTrue();
    }

    [Theory]
    [InlineData("invalid_grant")]
    [InlineData("unauthorized_client")]
    [InlineData("invalid_scope")]
    public async Task A_refusal_is_a_wrong_setting_and_asks_no_user(string error)
    {
        await using SharedLogin login = await StartAsync();
        login.Server.EnqueueTokenBehavior(TokenEndpointBehavior.Error(error));
        CoordinatedTokenProvider provider = Provider(login);

        for (int i = 0; i < 2; i++)
        {
            await provider.Awaiting(p => p.GetAccessTokenAsync(Cancelled).AsTask()).Should()
                .ThrowAsync<TokenRefreshConfigurationException>();
        }

        login.Books.TokenRequests.Should().Be(1);
        (await provider.GetStatusAsync(Cancelled)).State.Should().Be(TokenRefreshState.CoolingDown);
    }

    [Fact]
    public async Task A_rejected_token_is_replaced_once_and_a_resource_that_rejects_all_costs_few_requests()
    {
        await using SharedLogin login = await StartAsync();
        CoordinatedTokenProvider provider = Provider(login);
        AccessToken token = await provider.GetAccessTokenAsync(Cancelled);
        login.Server.RevokeAccessToken(token.Value);
        AccessToken[] next = await Task.WhenAll(
            Enumerable.Range(0, 5).Select(_ => provider.RefreshAccessTokenAsync(token, Cancelled).AsTask()));
        int requests = login.Books.TokenRequests;

        AccessToken rejected = next[0];
        for (int i = 0; i < 10; i++)
        {
            try
            {
                rejected = await provider.RefreshAccessTokenAsync(rejected, Cancelled);
            }
            catch (TokenEndpointUnavailableException)
            {
                // The pause.
            }
        }

        next.Should().OnlyContain(other => other.Value == next[0].Value && other.Value != token.Value);
        requests.Should().Be(2);
        login.Books.TokenRequests.Should().BeLessThan(6);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_file_with_a_user_s_login_is_refused_and_stays_as_it_is(bool isExpired)
    {
        await using SharedLogin login = await StartAsync();
        login.Store(login.Server.IssueLogin(isExpired ? TimeSpan.FromMinutes(-1) : null));
        byte[] before = await File.ReadAllBytesAsync(login.Path, Cancelled);
        CoordinatedTokenProvider provider = Provider(login, o => o.FileFormat = CredentialsFileFormat.Auto);

        Func<Task> get = () => provider.GetAccessTokenAsync(Cancelled).AsTask();

        (await get.Should().ThrowAsync<TokenRefreshConfigurationException>()).Which.Message.Should().Contain("'ClientCredentials'");
        (await File.ReadAllBytesAsync(login.Path, Cancelled)).Should().Equal(before);
        login.Books.TokenRequests.Should().Be(0);
        (await provider.GetStatusAsync(Cancelled)).Problem.Should().Contain("'CredentialsPath'");
    }

    [Fact]
    public async Task A_login_stored_during_the_request_is_not_replaced()
    {
        await using SharedLogin login = await StartAsync();
        using ParkedExchange<AccessToken> exchange = await login.ParkAsync(
            Provider(login, o => o.FileFormat = CredentialsFileFormat.Auto), ParkPoint.AfterProcessing);
        login.StoreValid();
        byte[] before = await File.ReadAllBytesAsync(login.Path, Cancelled);

        exchange.Release();

        await exchange.Caller.Awaiting(task => task).Should().ThrowAsync<TokenRefreshConfigurationException>();
        (await File.ReadAllBytesAsync(login.Path, Cancelled)).Should().Equal(before);
    }

    [Fact]
    public async Task A_token_that_cannot_be_saved_is_served_and_saved_later()
    {
        await using SharedLogin login = await StartAsync();
        var events = new EventLog();
        var files = new FailingReplace();
        using var store = new TokenRefresh.Stores.FileCredentialsStore(
            new(login.Path, CredentialsFileFormat.FlatOAuth, lockPath: null, allowUnreliableLock: false, TimeSpan.FromMilliseconds(100)),
            TimeProvider.System,
            files);
        AccessToken token;
        await using (CoordinatedTokenProvider provider = CoordinatedTokenProvider.Create(
            o =>
            {
                Configure(login, o);
                events.AttachTo(o);
            },
            new CoordinatedTokenProviderServices { CredentialsStore = store }))
        {
            token = await provider.GetAccessTokenAsync(Cancelled);
            await events.NextAsync<SaveFailedEvent>();
            files.Works = true;
        }

        (await File.ReadAllTextAsync(login.Path, Cancelled)).Should().Contain(token.Value);
    }

    [Fact]
    public async Task After_a_removal_the_next_call_gets_a_new_token()
    {
        await using SharedLogin login = await StartAsync();
        CoordinatedTokenProvider provider = Provider(login);
        AccessToken first = await provider.GetAccessTokenAsync(Cancelled);

        await provider.RemoveAsync(Cancelled);
        AccessToken second = await provider.GetAccessTokenAsync(Cancelled);

        second.Value.Should().NotBe(first.Value);
        (await provider.GetStatusAsync(Cancelled)).State.Should().Be(TokenRefreshState.SignedIn);
    }

    [Fact]
    public async Task No_user_signs_in_to_a_client_s_own_token()
    {
        await using SharedLogin login = await StartAsync();

        Func<Task> signIn = () => Provider(login).SignInAsync(_ => Task.FromResult(login.Login.Credentials), Cancelled);
        Action configure = () => Provider(login, o => o.SignIn = _ => Task.FromResult(login.Login.Credentials));

        await signIn.Should().ThrowAsync<TokenRefreshConfigurationException>();
        configure.Should().Throw<TokenRefreshConfigurationException>().WithMessage("*'SignIn'*'Grant'*");
    }

    private async Task<SharedLogin> StartAsync(ClientAuthentication authentication = ClientAuthentication.None)
    {
        SharedLogin login = await SharedLogin.StartAsync(new LoopbackAuthorizationServerOptions
        {
            TimeProvider = _clock,
            ClientId = authentication == ClientAuthentication.ClientAssertion ? null : "tests",
            ClientSecret = "secret",
            ClientAuthentication = authentication,
        });
        File.Delete(login.Path);
        return login;
    }

    private CoordinatedTokenProvider Provider(SharedLogin login, Action<TokenRefreshOptions>? configure = null) => login.CreateProvider(
        o =>
        {
            Configure(login, o);
            configure?.Invoke(o);
        },
        new CoordinatedTokenProviderServices { TimeProvider = _clock });

    private static void Configure(SharedLogin login, TokenRefreshOptions options)
    {
        options.CredentialsPath = login.Path;
        options.TokenEndpoint = login.Server.TokenUri;
        options.ClientId = "tests";
        options.Grant = TokenGrant.ClientCredentials;
        options.FileFormat = CredentialsFileFormat.FlatOAuth;
    }

    private sealed class FailingReplace : FileOperationsDecorator
    {
        internal bool Works { get; set; }

        public override bool TryReplace(string path, string target) =>
            Works ? base.TryReplace(path, target) : throw new IOException("No space left on device");
    }
}
