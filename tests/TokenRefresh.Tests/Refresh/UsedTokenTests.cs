using FluentAssertions;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;
using TokenRefresh.Tests.Credentials;

namespace TokenRefresh.Tests.Refresh;

/// <summary>Refresh tokens that are used, rejected, or said to be.</summary>
public sealed class UsedTokenTests
{
    private readonly ManualTimeProvider _clock = new();

    [Fact]
    [FailureMode("F87")]
    public async Task An_older_file_that_comes_back_is_neither_sent_nor_adopted_by_a_provider_that_does_not_know_its_successor()
    {
        await using SharedLogin login = await SharedLogin.StartAsync(new() { TimeProvider = _clock });
        byte[] older = await File.ReadAllBytesAsync(login.Path);
        CoordinatedTokenProvider first = Provider(login);
        await first.RefreshAccessTokenAsync(await first.GetAccessTokenAsync());
        await File.WriteAllBytesAsync(login.Path, older);

        Func<Task> get = () => Provider(login).GetAccessTokenAsync().AsTask();

        SignInRequiredException failure = (await get
            .Should().ThrowAsync<SignInRequiredException>("its access token would still be valid")).Which;
        failure.Reason.Should().Be(SignInRequiredReason.RolledBack);
        failure.Message.Should().Contain(login.Path).And.Contain("older file came back");
        (await File.ReadAllBytesAsync(login.Path)).Should().Equal(older);
        login.Server.Books.TokenRequests.Should().Be(1);
    }

    [Fact]
    [FailureMode("F87")]
    public async Task A_provider_that_has_the_successor_saves_it_again_and_goes_on()
    {
        await using SharedLogin login = await SharedLogin.StartAsync(new() { TimeProvider = _clock });
        byte[] older = await File.ReadAllBytesAsync(login.Path);
        CoordinatedTokenProvider provider = Provider(login);
        AccessToken second = await provider.RefreshAccessTokenAsync(await provider.GetAccessTokenAsync());
        await File.WriteAllBytesAsync(login.Path, older);
        _clock.Advance(TimeSpan.FromMinutes(10));

        AccessToken third = await provider.RefreshAccessTokenAsync(second);

        login.Server.IsAccepted(third.Value).Should().BeTrue();
        (await Provider(login).GetAccessTokenAsync()).Value.Should().Be(third.Value);
        login.Server.Books.TokenRequests.Should().Be(2);
        login.Server.Books.Reuses.Should().Be(0);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [FailureMode("F87")]
    public async Task The_last_eight_used_tokens_are_known_to_a_provider_that_never_saw_them(int generations)
    {
        await using SharedLogin login = await SharedLogin.StartAsync(new() { TimeProvider = _clock });
        byte[] older = await File.ReadAllBytesAsync(login.Path);
        CoordinatedTokenProvider first = Provider(login);
        AccessToken token = await first.GetAccessTokenAsync();
        for (int i = 0; i < generations; i++)
        {
            token = await first.RefreshAccessTokenAsync(token);
            _clock.Advance(TimeSpan.FromMinutes(30));
        }

        await File.WriteAllBytesAsync(login.Path, older);

        (await Provider(login).Awaiting(p => p.GetAccessTokenAsync().AsTask()).Should().ThrowAsync<SignInRequiredException>())
            .Which.Reason.Should().Be(SignInRequiredReason.RolledBack);
        login.Server.Books.Should().BeEquivalentTo(new { TokenRequests = generations, Reuses = 0 });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [FailureMode("F87")]
    public async Task A_provider_knows_what_it_used_itself_though_the_record_was_deleted_with_the_lock_file(bool isExpired)
    {
        await using SharedLogin login = await SharedLogin.StartAsync(new() { TimeProvider = _clock });
        byte[] older = await File.ReadAllBytesAsync(login.Path);
        CoordinatedTokenProvider provider = Provider(login);
        AccessToken second = await provider.RefreshAccessTokenAsync(await provider.GetAccessTokenAsync());
        await File.WriteAllBytesAsync(login.Path, older);
        File.Delete(login.LockPath);
        _clock.Advance(isExpired ? TimeSpan.FromHours(1) : TimeSpan.FromMinutes(10));

        AccessToken third = await provider.RefreshAccessTokenAsync(second);

        login.Server.IsAccepted(third.Value).Should().BeTrue();
        login.Server.Books.Should().BeEquivalentTo(new { TokenRequests = 2, Grants = 2, Reuses = 0 });
        (await Provider(login).GetAccessTokenAsync()).Value.Should().Be(third.Value);
    }

    [Fact]
    [FailureMode("F101")]
    public async Task What_a_running_process_has_exchanged_is_not_presented_after_the_whole_directory_was_restored()
    {
        await using SharedLogin login = await SharedLogin.StartExpiredAsync(new() { TimeProvider = _clock });
        CoordinatedTokenProvider provider = Provider(login);
        await provider.GetAccessTokenAsync();
        byte[] file = await File.ReadAllBytesAsync(login.Path);
        byte[] lockFile = await File.ReadAllBytesAsync(login.LockPath);
        _clock.Advance(TimeSpan.FromHours(2));
        AccessToken newest = await provider.GetAccessTokenAsync();
        await File.WriteAllBytesAsync(login.Path, file);
        await File.WriteAllBytesAsync(login.LockPath, lockFile);

        AccessToken next = await provider.RefreshAccessTokenAsync(newest);

        login.Server.IsAccepted(next.Value).Should().BeTrue();
        login.Server.Books.Reuses.Should().Be(0);
    }

    [Fact]
    [FailureMode("F101")]
    public async Task A_process_that_starts_after_the_whole_directory_was_restored_cannot_know_that_the_token_is_used()
    {
        await using SharedLogin login = await SharedLogin.StartExpiredAsync(new() { TimeProvider = _clock });
        byte[] file = await File.ReadAllBytesAsync(login.Path);
        await using (CoordinatedTokenProvider former = Provider(login))
        {
            await former.GetAccessTokenAsync();
        }

        await File.WriteAllBytesAsync(login.Path, file);
        File.Delete(login.LockPath);

        await Provider(login).Awaiting(p => p.GetAccessTokenAsync().AsTask()).Should().ThrowAsync<SignInRequiredException>();
        login.Server.Books.Reuses.Should().Be(1);
    }

    [Fact]
    [FailureMode("F87", "F82")]
    public async Task A_used_token_that_is_put_back_after_every_save_is_never_sent_again()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _clock });
        byte[] older = await File.ReadAllBytesAsync(login.Path);
        var events = new EventLog();
        using var store = login.CreateStore(new AfterReplace(() => File.WriteAllBytes(login.Path, older)), _clock);
        CoordinatedTokenProvider provider = login.CreateProvider(
            events.AttachTo, new() { TimeProvider = _clock, CredentialsStore = store });

        AccessToken token = await provider.GetAccessTokenAsync();

        login.Server.IsAccepted(token.Value).Should().BeTrue();
        login.Server.Books.TokenRequests.Should().Be(1);
        login.Server.Books.Reuses.Should().Be(0);
        (await events.NextAsync<SaveFailedEvent>()).Location.Should().Be(login.Path);
        (await events.NextAsync<TokensRefreshedEvent>()).IsSaved.Should().BeFalse();
        await provider.DisposeAsync();
    }

    [Fact]
    [FailureMode("F82")]
    public async Task A_login_that_is_not_there_after_its_save_is_an_error()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _clock });
        byte[] older = await File.ReadAllBytesAsync(login.Path);
        using var store = login.CreateStore(new AfterReplace(() => File.WriteAllBytes(login.Path, older)), _clock);
        CoordinatedTokenProvider provider = login.CreateProvider(services: new() { TimeProvider = _clock, CredentialsStore = store });

        Func<Task> sign = () => provider.StoreAsync(login.Server.IssueLogin().Credentials);

        (await sign.Should().ThrowAsync<CredentialsSaveException>())
            .Which.Message.Should().Contain(login.Path)
            .And.Contain("End that program");
    }

    [Fact]
    [FailureMode("F82")]
    public async Task Another_login_found_after_a_save_is_another_writer_and_wins()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _clock });
        IssuedLogin other = login.Server.IssueLogin();
        var events = new EventLog();
        using var store = login.CreateStore(new AfterReplace(() => login.Store(other)), _clock);
        CoordinatedTokenProvider provider = login.CreateProvider(
            events.AttachTo, new() { TimeProvider = _clock, CredentialsStore = store });

        AccessToken token = await provider.GetAccessTokenAsync();

        token.Value.Should().Be(other.AccessToken);
        (await events.NextAsync<TokensDiscardedEvent>()).Reason.Should().Be(TokensDiscardedReason.Replaced);
        login.Server.Books.TokenRequests.Should().Be(1);
    }

    [Fact]
    [FailureMode("F13")]
    public async Task A_rejected_refresh_token_is_sent_once_over_all_providers_but_not_blamed_on_another_client()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _clock });
        login.Server.EnqueueTokenBehavior(TokenEndpointBehavior.Error("invalid_grant"));
        byte[] file = await File.ReadAllBytesAsync(login.Path);

        await ThrowsDeadAsync(Provider(login));
        _clock.Advance(TimeSpan.FromDays(30));
        await ThrowsDeadAsync(Provider(login));
        login.Server.Books.TokenRequests.Should().Be(1);
        (await File.ReadAllBytesAsync(login.Path)).Should().Equal(file);
        AccessToken token = await login.CreateProvider(o => o.ClientId = "another", new() { TimeProvider = _clock }).GetAccessTokenAsync();

        login.Server.IsAccepted(token.Value).Should().BeTrue();
        login.Server.Books.TokenRequests.Should().Be(2);
    }

    [Fact]
    [FailureMode("F13")]
    public async Task Storing_a_login_ends_the_note_of_a_rejection_even_for_the_same_tokens()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _clock });
        login.Server.EnqueueTokenBehavior(TokenEndpointBehavior.Error("invalid_grant"));
        CoordinatedTokenProvider provider = Provider(login);
        await ThrowsDeadAsync(provider);

        await provider.StoreAsync(new OAuthCredentials(login.Login.AccessToken, login.Login.RefreshToken, _clock.Start));
        AccessToken token = await Provider(login).GetAccessTokenAsync();

        login.Server.IsAccepted(token.Value).Should().BeTrue();
    }

    [Theory]
    [FailureMode("F15", "F13")]
    [InlineData(404, """{"type":"error","error":{"type":"not_found_error","message":"Grant not found"}}""")]
    [InlineData(400, """{"error":"invalid_request","error_description":"Grant not found or expired"}""")]
    public async Task A_rejection_that_only_its_words_tell_is_believed_by_all_for_ten_minutes_and_then_for_twenty(int status, string body)
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _clock });
        CoordinatedTokenProvider provider = Provider(login);
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.AnswerWith(status, body);

        await ThrowsDeadAsync(provider);
        _clock.Advance(TimeSpan.FromMinutes(9));
        await ThrowsDeadAsync(provider);
        login.Server.Books.TokenRequests.Should().Be(1);
        await ThrowsDeadAsync(Provider(login));
        login.Server.Books.TokenRequests.Should().Be(1);
        _clock.Advance(TimeSpan.FromMinutes(2));
        await ThrowsDeadAsync(provider);
        login.Server.Books.TokenRequests.Should().Be(2);
        _clock.Advance(TimeSpan.FromMinutes(19));
        await ThrowsDeadAsync(Provider(login));
        login.Server.Books.TokenRequests.Should().Be(2);
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.Normal;
        _clock.Advance(TimeSpan.FromMinutes(2));
        AccessToken token = await provider.GetAccessTokenAsync();

        login.Server.IsAccepted(token.Value).Should().BeTrue();
        login.Server.Books.TokenRequests.Should().Be(3);
    }

    [Theory]
    [FailureMode("F91")]
    [InlineData("invalid_client", 401)]
    [InlineData("invalid_scope", 400)]
    [InlineData("unsupported_grant_type", 400)]
    [InlineData("unauthorized_client", 400)]
    public async Task A_setting_the_server_refuses_is_not_blamed_on_the_refresh_token(string error, int status)
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _clock });
        byte[] file = await File.ReadAllBytesAsync(login.Path);
        CoordinatedTokenProvider provider = Provider(login);
        login.Server.EnqueueTokenBehavior(TokenEndpointBehavior.Error(error, status));

        (await provider.Awaiting(p => p.GetAccessTokenAsync().AsTask()).Should().ThrowAsync<TokenRefreshConfigurationException>())
            .Which.Message.Should().Contain(error)
            .And.Contain("'ClientId'");
        (await File.ReadAllBytesAsync(login.Path)).Should().Equal(file);
        _clock.Advance(TimeSpan.FromSeconds(59));
        await provider.Awaiting(p => p.GetAccessTokenAsync().AsTask()).Should().ThrowAsync<TokenRefreshConfigurationException>();
        login.Server.Books.TokenRequests.Should().Be(1);
        _clock.Advance(TimeSpan.FromMinutes(2));
        AccessToken token = await provider.GetAccessTokenAsync();

        login.Server.IsAccepted(token.Value).Should().BeTrue();
    }

    private CoordinatedTokenProvider Provider(SharedLogin login) => login.CreateProvider(services: new() { TimeProvider = _clock });

    private static async Task ThrowsDeadAsync(CoordinatedTokenProvider provider) =>
        (await provider.Awaiting(p => p.GetAccessTokenAsync().AsTask()).Should().ThrowAsync<SignInRequiredException>())
            .Which.Reason.Should().Be(SignInRequiredReason.RefreshTokenRejected);
}
