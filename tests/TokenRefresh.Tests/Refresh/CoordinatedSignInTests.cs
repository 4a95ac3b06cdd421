using System.Net;
using FluentAssertions;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;

namespace TokenRefresh.Tests.Refresh;

/// <summary>One sign-in over threads and providers: who is asked, who waits, and what ends it.</summary>
public sealed class CoordinatedSignInTests : IDisposable
{
    private const int Callers = 20;

    private readonly LogCollector _log = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Callers_of_one_provider_share_one_sign_in()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        File.Delete(login.Path);
        var user = new SignInUser();
        CoordinatedTokenProvider provider = Provider(login, user);
        Task<AccessToken>[] callers = [.. Enumerable.Range(0, Callers).Select(_ => provider.GetAccessTokenAsync().AsTask())];
        SignInUser.Browser browser = await user.NextAsync();

        OAuthCredentials made = browser.SignIn(login);

        (await Task.WhenAll(callers)).Should().OnlyContain(token => token.Value == made.AccessToken);
        user.HasBeenAsked.Should().BeFalse("one browser is enough");
        (await File.ReadAllTextAsync(login.Path, Cancelled)).Should().Contain(made.RefreshToken);
        login.Books.TokenRequests.Should().Be(0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_provider_that_waits_goes_on_with_the_login_of_another(bool takesLocksOfOtherPrograms)
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        File.Delete(login.Path);
        var user = new SignInUser();
        Task<AccessToken> leader = Provider(login, user).SignInAsync(user.AskAsync, Cancelled);
        SignInUser.Browser browser = await user.NextAsync();
        CoordinatedTokenProvider other = login.CreateProvider(
            o =>
            {
                o.SignIn = user.AskAsync;
                o.CompatibleLocks = takesLocksOfOtherPrograms ? [new("other.lock")] : null;
            },
            new CoordinatedTokenProviderServices { LoggerFactory = _log });
        Task<AccessToken>[] waiters = [other.SignInAsync(user.AskAsync, Cancelled), other.GetAccessTokenAsync(Cancelled).AsTask()];
        await _log.WaitForAsync(TokenRefreshEventIds.SignInAwaited);

        OAuthCredentials made = browser.SignIn(login);

        (await leader).Value.Should().Be(made.AccessToken);
        (await Task.WhenAll(waiters)).Should().OnlyContain(token => token.Value == made.AccessToken);
        user.HasBeenAsked.Should().BeFalse();
        _log.Text.Should().Contain($"in process '{Environment.ProcessId} (");
    }

    [Fact]
    public async Task Providers_of_a_store_in_memory_share_one_sign_in()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        using var memory = new InMemoryCredentialsStore();
        var user = new SignInUser();
        Task<AccessToken>[] callers =
            [.. Enumerable.Range(0, 3).Select(_ => Provider(login, user, memory).GetAccessTokenAsync(Cancelled).AsTask())];

        OAuthCredentials made = (await user.NextAsync()).SignIn(login);

        (await Task.WhenAll(callers)).Should().OnlyContain(token => token.Value == made.AccessToken);
        user.HasBeenAsked.Should().BeFalse();
    }

    [Fact]
    [FailureMode("F81")]
    public async Task A_login_made_elsewhere_ends_the_sign_in_and_the_wait_for_it()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        File.Delete(login.Path);
        var user = new SignInUser();
        Task<AccessToken> leader = Provider(login, user).GetAccessTokenAsync(Cancelled).AsTask();
        SignInUser.Browser browser = await user.NextAsync();
        Task<AccessToken> waiter = Provider(login, user).SignInAsync(user.AskAsync, Cancelled);
        await _log.WaitForAsync(TokenRefreshEventIds.SignInAwaited);

        OAuthCredentials made = login.StoreValid();

        (await leader).Value.Should().Be(made.AccessToken);
        (await waiter).Value.Should().Be(made.AccessToken);
        await browser.Closed.WaitAsync(Cancelled);
        user.HasBeenAsked.Should().BeFalse();
    }

    [Fact]
    public async Task A_cancelled_sign_in_fails_its_own_callers_and_the_next_provider_asks_its_user()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        File.Delete(login.Path);
        (SignInUser first, SignInUser second) = (new SignInUser(), new SignInUser());
        CoordinatedTokenProvider terminal = Provider(login, first);
        Task<AccessToken>[] callers = [terminal.GetAccessTokenAsync(Cancelled).AsTask(), terminal.GetAccessTokenAsync(Cancelled).AsTask()];
        SignInUser.Browser browser = await first.NextAsync();
        Task<AccessToken> waiter = Provider(login, second).GetAccessTokenAsync(Cancelled).AsTask();
        await _log.WaitForAsync(TokenRefreshEventIds.SignInAwaited);

        browser.Fail(new IOException("The user closed the browser."));
        SignInUser.Browser next = await second.NextAsync();
        OAuthCredentials made = next.SignIn(login);

        foreach (Task<AccessToken> caller in callers)
        {
            await caller.Awaiting(task => task).Should().ThrowAsync<IOException>().WithMessage("The user closed the browser.");
        }

        (await waiter).Value.Should().Be(made.AccessToken);
        (await terminal.GetAccessTokenAsync(Cancelled)).Value.Should().Be(made.AccessToken);
        first.HasBeenAsked.Should().BeFalse();
    }

    [Fact]
    public async Task A_sign_in_ends_when_its_last_caller_leaves_and_not_before()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        File.Delete(login.Path);
        var user = new SignInUser();
        CoordinatedTokenProvider provider = Provider(login, user);
        using var one = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        using var other = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        Task<AccessToken> leader = provider.GetAccessTokenAsync(one.Token).AsTask();
        SignInUser.Browser browser = await user.NextAsync();
        Task<AccessToken> follower = provider.SignInAsync(user.AskAsync, other.Token);

        await one.CancelAsync();
        await leader.Awaiting(task => task).Should().ThrowAsync<OperationCanceledException>();
        bool isClosedTooEarly = browser.Closed.IsCompleted;
        await other.CancelAsync();
        await follower.Awaiting(task => task).Should().ThrowAsync<OperationCanceledException>();
        await browser.Closed.WaitAsync(Cancelled);
        Task<AccessToken> later = provider.GetAccessTokenAsync(Cancelled).AsTask();
        OAuthCredentials made = (await user.NextAsync()).SignIn(login);

        isClosedTooEarly.Should().BeFalse();
        (await later).Value.Should().Be(made.AccessToken);
    }

    [Fact]
    public async Task Disposal_ends_a_sign_in_and_gives_the_next_provider_its_turn()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        File.Delete(login.Path);
        var user = new SignInUser { HeedsItsToken = false };
        CoordinatedTokenProvider provider = Provider(login, user);
        Task<AccessToken> caller = provider.GetAccessTokenAsync(Cancelled).AsTask();
        await user.NextAsync();

        await provider.DisposeAsync();

        await caller.Awaiting(task => task).Should().ThrowAsync<ObjectDisposedException>();
        Task<AccessToken> next = Provider(login, user).GetAccessTokenAsync(Cancelled).AsTask();
        OAuthCredentials made = (await user.NextAsync()).SignIn(login);
        (await next).Value.Should().Be(made.AccessToken);
    }

    [Fact]
    public async Task A_sign_in_that_asks_its_own_provider_gets_the_error_and_does_not_wait_for_itself()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        File.Delete(login.Path);
        CoordinatedTokenProvider provider = null!;
        provider = login.CreateProvider(o => o.SignIn = async cancellationToken =>
        {
            await provider.Awaiting(p => p.GetAccessTokenAsync(cancellationToken).AsTask()).Should().ThrowAsync<SignInRequiredException>();
            await provider.Awaiting(p => p.SignInAsync(_ => Task.FromResult<OAuthCredentials>(null!), cancellationToken))
                .Should().ThrowAsync<InvalidOperationException>();
            return login.Server.IssueLogin().Credentials;
        });

        AccessToken token = await provider.GetAccessTokenAsync(Cancelled);

        login.Server.IsAccepted(token.Value).Should().BeTrue();
    }

    [Fact]
    public async Task A_login_that_works_is_replaced_on_request_and_its_refresh_is_not_taken_for_another_login()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        var user = new SignInUser();
        CoordinatedTokenProvider provider = Provider(login, user);
        AccessToken former = await provider.GetAccessTokenAsync(Cancelled);
        Task<AccessToken> leader = provider.SignInAsync(user.AskAsync, Cancelled);
        SignInUser.Browser browser = await user.NextAsync();
        CoordinatedTokenProvider other = Provider(login, user);
        Task<AccessToken> waiter = other.SignInAsync(user.AskAsync, Cancelled);
        await _log.WaitForAsync(TokenRefreshEventIds.SignInAwaited);

        AccessToken refreshed = await Provider(login, user).RefreshAccessTokenAsync(former, Cancelled);
        bool isOver = leader.IsCompleted || waiter.IsCompleted || browser.Closed.IsCompleted;
        OAuthCredentials made = browser.SignIn(login);

        isOver.Should().BeFalse("a pending sign-in holds up no refresh, and a refresh ends no sign-in");
        login.Server.IsAccepted(refreshed.Value).Should().BeTrue();
        (await leader).Value.Should().Be(made.AccessToken);
        (await waiter).Value.Should().Be(made.AccessToken);
        user.HasBeenAsked.Should().BeFalse();
    }

    [Fact]
    public async Task Another_login_of_the_file_is_refreshed_while_a_sign_in_is_pending()
    {
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        var user = new SignInUser();
        CoordinatedTokenProvider work = login.CreateProvider(o =>
        {
            o.FileFormat = new CredentialsFileFormat { Section = ["work"] };
            o.SignIn = user.AskAsync;
        });
        Task<AccessToken> pending = work.GetAccessTokenAsync(Cancelled).AsTask();
        SignInUser.Browser browser = await user.NextAsync();

        AccessToken token = await Provider(login, user).GetAccessTokenAsync(Cancelled);
        OAuthCredentials made = browser.SignIn(login);

        login.Server.IsAccepted(token.Value).Should().BeTrue();
        (await pending).Value.Should().Be(made.AccessToken);
        (await File.ReadAllTextAsync(login.Path, Cancelled)).Should().Contain(token.Value).And.Contain(made.AccessToken);
    }

    [Fact]
    public async Task A_rejected_token_that_nothing_can_replace_leads_to_a_sign_in_and_the_request_is_sent_again()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        OAuthCredentials issued = login.Server.IssueLogin().Credentials;
        await File.WriteAllTextAsync(login.Path, $$"""{"access_token":"{{issued.AccessToken}}"}""", Cancelled);
        login.Server.RevokeAccessToken(issued.AccessToken);
        var user = new SignInUser();
        using var http = new HttpClient(new BearerTokenHandler(Provider(login, user)) { InnerHandler = new SocketsHttpHandler() });
        Task<HttpResponseMessage> call = http.GetAsync(login.Server.ApiUri, Cancelled);

        (await user.NextAsync()).SignIn(login);

        using HttpResponseMessage answer = await call;
        answer.StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_sign_in_that_brings_the_rejected_token_again_ends_with_the_error()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        File.Delete(login.Path);
        var credentials = new OAuthCredentials("rejected", null);
        CoordinatedTokenProvider provider = login.CreateProvider(o => o.SignIn = _ => Task.FromResult(credentials));
        AccessToken token = await provider.GetAccessTokenAsync(Cancelled);

        Func<Task> refresh = () => provider.RefreshAccessTokenAsync(token, Cancelled).AsTask();

        await refresh.Should().ThrowAsync<NotRefreshableException>();
    }

    [Fact]
    public async Task A_refresh_in_the_background_signs_no_one_in()
    {
        var clock = new ManualTimeProvider();
        await using SharedLogin login = await SharedLogin.StartAsync(new LoopbackAuthorizationServerOptions { TimeProvider = clock });
        login.Server.EnqueueTokenBehavior(TokenEndpointBehavior.Error("invalid_grant"));
        var user = new SignInUser();
        CoordinatedTokenProvider provider = login.CreateProvider(
            o => o.SignIn = user.AskAsync, new CoordinatedTokenProviderServices { LoggerFactory = _log, TimeProvider = clock });
        AccessToken first = await provider.GetAccessTokenAsync(Cancelled);
        clock.Advance(TimeSpan.FromMinutes(58));

        AccessToken due = await provider.GetAccessTokenAsync(Cancelled);
        await _log.WaitForAsync(TokenRefreshEventIds.SignInRequired);

        due.Value.Should().Be(first.Value);
        user.HasBeenAsked.Should().BeFalse();
    }

    [Fact]
    public async Task The_user_is_not_asked_for_a_login_that_cannot_be_stored()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        File.Delete(login.Path);
        Directory.CreateDirectory(login.Path);
        var user = new SignInUser();

        Func<Task> signIn = () => Provider(login, user).SignInAsync(user.AskAsync, Cancelled);

        await signIn.Should().ThrowAsync<CredentialsFileException>();
        user.HasBeenAsked.Should().BeFalse();
    }

    [Fact]
    public async Task A_provider_that_only_follows_asks_no_user()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        File.Delete(login.Path);
        var user = new SignInUser();
        CoordinatedTokenProvider provider = login.CreateProvider(o => (o.SignIn, o.Mode) = (user.AskAsync, TokenRefreshMode.Follow));

        await provider.Awaiting(p => p.GetAccessTokenAsync(Cancelled).AsTask()).Should().ThrowAsync<SignInRequiredException>();
        await provider.Awaiting(p => p.SignInAsync(user.AskAsync, Cancelled)).Should().ThrowAsync<TokenRefreshConfigurationException>();

        user.HasBeenAsked.Should().BeFalse();
    }

    [Fact]
    public async Task A_file_that_holds_no_json_is_moved_aside_by_a_sign_in()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        await File.WriteAllBytesAsync(login.Path, new byte[100], Cancelled);
        OAuthCredentials made = login.Server.IssueLogin().Credentials;

        AccessToken token = await login.CreateProvider().SignInAsync(_ => Task.FromResult(made), Cancelled);

        token.Value.Should().Be(made.AccessToken);
        Directory.GetFiles(login.Directory.Path, "*.damaged-*").Should().ContainSingle();
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("", null)]
    [InlineData("line\nend", null)]
    [InlineData("bound", "DPoP")]
    public async Task A_sign_in_that_brings_no_login_is_a_wrong_setting_and_stores_nothing(string? accessToken, string? tokenType)
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        File.Delete(login.Path);
        OAuthCredentials? credentials = accessToken is null ? null : new(accessToken, null) { TokenType = tokenType };

        Func<Task> signIn = () => login.CreateProvider().SignInAsync(_ => Task.FromResult(credentials!), Cancelled);

        (await signIn.Should().ThrowAsync<TokenRefreshConfigurationException>()).Which.Message.Should().Contain("Nothing was stored");
        File.Exists(login.Path).Should().BeFalse();
    }

    [Fact]
    public async Task A_store_without_a_right_to_sign_in_asks_once_per_provider()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        using var memory = new InMemoryCredentialsStore();
        using var store = new WithoutSignInLease(memory);
        var user = new SignInUser();
        CoordinatedTokenProvider provider = Provider(login, user, store);
        Task<AccessToken>[] callers = [provider.GetAccessTokenAsync(Cancelled).AsTask(), provider.GetAccessTokenAsync(Cancelled).AsTask()];

        OAuthCredentials made = (await user.NextAsync()).SignIn(login);

        (await Task.WhenAll(callers)).Should().OnlyContain(token => token.Value == made.AccessToken);
        user.HasBeenAsked.Should().BeFalse();
    }

    public void Dispose() => _log.Dispose();

    private CoordinatedTokenProvider Provider(SharedLogin login, SignInUser user, ICredentialsStore? store = null) => login.CreateProvider(
        o => o.SignIn = user.AskAsync,
        new CoordinatedTokenProviderServices { LoggerFactory = _log, CredentialsStore = store });

    private sealed class WithoutSignInLease(ICredentialsStore inner) : StoreDecorator(inner)
    {
        public override ValueTask<IAsyncDisposable?> AcquireSignInLeaseAsync(CancellationToken cancellationToken = default) => default;
    }
}
