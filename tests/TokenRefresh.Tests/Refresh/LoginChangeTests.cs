using FluentAssertions;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;

namespace TokenRefresh.Tests.Refresh;

/// <summary>Sign-ins, sign-outs and account switches, some in the middle of an exchange.</summary>
public sealed class LoginChangeTests
{
    private const string Sentinel =
        """{"claudeAiOauth":{"accessToken":"","refreshToken":"","expiresAt":0,"refreshTokenExpiresAt":1787613382524}}""";
    private readonly ManualTimeProvider _clock = new();

    [Fact]
    [FailureMode("F80")]
    public async Task A_file_deleted_during_the_exchange_stays_deleted()
    {
        await using SharedLogin login = await StartExpiredAsync();
        var events = new EventLog();
        CoordinatedTokenProvider provider = Provider(login, events);
        using ParkedExchange<AccessToken> exchange = await login.ParkAsync(provider, ParkPoint.AfterProcessing);
        File.Delete(login.Path);

        await LetSettleAsync(exchange.FinishAsync());

        (await exchange.Caller.Invoking(task => task).Should().ThrowAsync<SignInRequiredException>())
            .Which.Reason.Should().Be(SignInRequiredReason.NothingStored);
        File.Exists(login.Path).Should().BeFalse();
        (await events.NextAsync<TokensDiscardedEvent>()).Should().Be(new TokensDiscardedEvent(login.Path, TokensDiscardedReason.SignedOut));
        (await provider.GetStatusAsync()).State.Should().Be(TokenRefreshState.SignedOut);
    }

    [Fact]
    [FailureMode("F80", "F87")]
    public async Task A_used_token_that_comes_back_after_its_successor_was_dropped_is_not_sent_again()
    {
        await using SharedLogin login = await StartExpiredAsync();
        CoordinatedTokenProvider provider = Provider(login);
        byte[] used = await File.ReadAllBytesAsync(login.Path);
        using ParkedExchange<AccessToken> exchange = await login.ParkAsync(provider, ParkPoint.AfterProcessing);
        File.Delete(login.Path);
        await LetSettleAsync(exchange.FinishAsync());
        await File.WriteAllBytesAsync(login.Path, used);

        Func<Task> get = () => Provider(login).GetAccessTokenAsync().AsTask();

        (await get.Should().ThrowAsync<SignInRequiredException>()).Which.Reason.Should().Be(SignInRequiredReason.RolledBack);
        login.Server.Books.TokenRequests.Should().Be(1);
        login.Server.Books.Reuses.Should().Be(0);
    }

    [Fact]
    [FailureMode("F80")]
    public async Task A_logout_s_sentinel_written_during_the_exchange_stays()
    {
        await using SharedLogin login = await StartExpiredAsync();
        var events = new EventLog();
        CoordinatedTokenProvider provider = Provider(login, events);
        using ParkedExchange<AccessToken> exchange = await login.ParkAsync(provider, ParkPoint.AfterProcessing);
        await File.WriteAllTextAsync(login.Path, Sentinel);

        exchange.Release();

        (await exchange.Caller.Invoking(task => task).Should().ThrowAsync<SignInRequiredException>())
            .Which.Reason.Should().Be(SignInRequiredReason.SignedOut);
        (await File.ReadAllTextAsync(login.Path)).Should().Be(Sentinel);
        (await events.NextAsync<TokensDiscardedEvent>()).Reason.Should().Be(TokensDiscardedReason.SignedOut);
    }

    [Fact]
    [FailureMode("F80", "F44")]
    public async Task An_account_switched_during_the_exchange_wins()
    {
        await using SharedLogin login = await StartExpiredAsync();
        var events = new EventLog();
        CoordinatedTokenProvider provider = Provider(login, events);
        using ParkedExchange<AccessToken> exchange = await login.ParkAsync(provider, ParkPoint.AfterProcessing);
        login.Store(login.Server.IssueLogin());
        byte[] written = await File.ReadAllBytesAsync(login.Path);

        AccessToken token = await exchange.FinishAsync();

        token.Value.Should().Be(login.Login.AccessToken);
        (await File.ReadAllBytesAsync(login.Path)).Should().Equal(written);
        (await events.NextAsync<TokensDiscardedEvent>()).Should().Be(new TokensDiscardedEvent(login.Path, TokensDiscardedReason.Replaced));
    }

    [Fact]
    [FailureMode("F80")]
    public async Task A_logout_by_another_provider_during_the_exchange_leaves_the_user_logged_out()
    {
        await using SharedLogin login = await StartExpiredAsync();
        CoordinatedTokenProvider provider = Provider(login);
        CoordinatedTokenProvider other = Provider(login);
        using ParkedExchange<AccessToken> exchange = await login.ParkAsync(provider, ParkPoint.AfterProcessing);
        Task removal = other.RemoveAsync();

        exchange.Release();
        await removal;
        AccessToken last = await exchange.Caller;

        (await other.GetStatusAsync()).State.Should().Be(TokenRefreshState.SignedOut);
        (await File.ReadAllTextAsync(login.Path)).Should().NotContain(last.Value)
            .And.Contain("mcpOAuth", "what is not ours survives a logout");
        await provider.Awaiting(p => p.RefreshAccessTokenAsync(last).AsTask()).Should().ThrowAsync<SignInRequiredException>();
        await provider.Awaiting(p => p.GetAccessTokenAsync().AsTask()).Should().ThrowAsync<SignInRequiredException>();
        login.Server.Books.TokenRequests.Should().Be(1);
    }

    [Fact]
    [FailureMode("F81")]
    public async Task After_a_rejected_refresh_token_a_login_made_elsewhere_is_used_without_a_restart()
    {
        await using SharedLogin login = await StartExpiredAsync();
        CoordinatedTokenProvider provider = Provider(login);
        login.Server.EnqueueTokenBehavior(TokenEndpointBehavior.Error("invalid_grant"));
        await provider.Awaiting(p => p.GetAccessTokenAsync().AsTask()).Should().ThrowAsync<SignInRequiredException>();
        await provider.Awaiting(p => p.GetAccessTokenAsync().AsTask()).Should().ThrowAsync<SignInRequiredException>();
        login.Server.Books.TokenRequests.Should().Be(1);

        login.Store(login.Server.IssueLogin());
        AccessToken token = await provider.GetAccessTokenAsync();

        token.Value.Should().Be(login.Login.AccessToken);
        login.Server.Books.TokenRequests.Should().Be(1);
    }

    [Theory]
    [FailureMode("F78")]
    [InlineData(Sentinel)]
    [InlineData("""{"access_token":"","refresh_token":"","expires_at":0}""")]
    [InlineData("""{"claudeAiOauth":null}""")]
    public async Task A_cleared_login_is_signed_out_asks_no_one_and_recovers_when_it_is_filled(string cleared)
    {
        await using SharedLogin login = await StartExpiredAsync();
        CoordinatedTokenProvider provider = Provider(login);
        await File.WriteAllTextAsync(login.Path, cleared);

        await provider.Awaiting(p => p.GetAccessTokenAsync().AsTask()).Should().ThrowAsync<SignInRequiredException>();
        TokenRefreshStatus status = await provider.GetStatusAsync();
        login.Store(login.Server.IssueLogin());
        AccessToken token = await provider.GetAccessTokenAsync();

        status.State.Should().Be(TokenRefreshState.SignedOut);
        token.Value.Should().Be(login.Login.AccessToken);
        login.Server.Books.TokenRequests.Should().Be(0);
    }

    [Fact]
    [FailureMode("F79")]
    public async Task The_refresh_token_s_own_expiry_is_shown_warned_of_and_left_to_the_server_to_enforce()
    {
        await using SharedLogin login = await SharedLogin.StartAsync(
            new() { TimeProvider = _clock, RefreshTokenLifetime = TimeSpan.FromHours(20) });
        using var log = new LogCollector();
        CoordinatedTokenProvider provider = login.CreateProvider(services: new() { TimeProvider = _clock, LoggerFactory = log });
        _clock.Advance(TimeSpan.FromHours(2));
        await provider.GetAccessTokenAsync();

        TokenRefreshStatus status = await provider.GetStatusAsync();
        _clock.Advance(TimeSpan.FromHours(30));
        Func<Task> get = () => provider.GetAccessTokenAsync().AsTask();

        status.RefreshTokenExpiresAt.Should().Be(_clock.Start.AddHours(22));
        log.CountOf(TokenRefreshEventIds.RefreshTokenExpiring).Should().Be(1);
        (await get.Should().ThrowAsync<SignInRequiredException>()).Which.Reason.Should().Be(SignInRequiredReason.RefreshTokenRejected);
        login.Server.Books.TokenRequests.Should().Be(2, "the server decides, once");
        await get.Should().ThrowAsync<SignInRequiredException>();
        login.Server.Books.TokenRequests.Should().Be(2);
    }

    [Fact]
    [FailureMode("F79")]
    public async Task A_refresh_token_past_its_stored_expiry_is_tried_and_may_still_work()
    {
        await using SharedLogin login = await StartExpiredAsync();
        string json = $$$"""
            {"claudeAiOauth":{"accessToken":"{{{login.Login.AccessToken}}}","refreshToken":"{{{login.Login.RefreshToken}}}",
            "expiresAt":1,"refreshTokenExpiresAt":2}}
            """;
        await File.WriteAllTextAsync(login.Path, json);

        AccessToken token = await Provider(login).GetAccessTokenAsync();

        login.Server.IsAccepted(token.Value).Should().BeTrue();
        (await File.ReadAllTextAsync(login.Path)).Should().NotContain("refreshTokenExpiresAt", "it was that of the old one");
    }

    [Fact]
    [FailureMode("F86")]
    public async Task A_provider_with_a_store_of_its_own_touches_no_file()
    {
        await using SharedLogin login = await StartExpiredAsync();
        byte[] file = await File.ReadAllBytesAsync(login.Path);
        IssuedLogin inMemory = login.Server.IssueLogin();
        using var store = new InMemoryCredentialsStore(inMemory.Credentials, _clock);
        CoordinatedTokenProvider provider = login.CreateProvider(services: new() { CredentialsStore = store, TimeProvider = _clock });
        AccessToken first = await provider.GetAccessTokenAsync();

        AccessToken next = await provider.RefreshAccessTokenAsync(first);
        await provider.RemoveAsync();

        first.Value.Should().Be(inMemory.AccessToken);
        next.Value.Should().NotBe(first.Value);
        (await store.ReadAsync()).Should().BeNull();
        (await File.ReadAllBytesAsync(login.Path)).Should().Equal(file);
        File.Exists(login.LockPath).Should().BeFalse();
    }

    private async Task<SharedLogin> StartExpiredAsync() => await SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _clock });

    private CoordinatedTokenProvider Provider(SharedLogin login, EventLog? events = null) =>
        login.CreateProvider(events is null ? null : events.AttachTo, new() { TimeProvider = _clock });

    // A save that finds no file looks again every 20 ms for a second before it believes in a logout.
    private Task LetSettleAsync(Task caller) => _clock.AdvanceThroughPausesAsync(caller, TimeSpan.FromMilliseconds(20));
}
