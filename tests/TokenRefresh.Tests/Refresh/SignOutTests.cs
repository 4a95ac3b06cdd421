using FluentAssertions;
using TokenRefresh.Stores;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;
using TokenRefresh.Tests.Credentials;

namespace TokenRefresh.Tests.Refresh;

/// <summary>Whose login a sign-out ends.</summary>
public sealed class SignOutTests
{
    private readonly ManualTimeProvider _clock = new();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [FailureMode("F80")]
    public async Task A_login_that_someone_stored_after_a_refresh_elsewhere_survives_and_is_not_revoked(bool isInProtocol)
    {
        await using SharedLogin login = await SharedLogin.StartAsync(new() { TimeProvider = _clock });
        CoordinatedTokenProvider provider = Provider(login);
        CoordinatedTokenProvider other = Provider(login);
        await other.RefreshAccessTokenAsync(await provider.GetAccessTokenAsync());
        IssuedLogin theirs = login.Server.IssueLogin();
        if (isInProtocol)
        {
            await other.StoreAsync(theirs.Credentials);
        }
        else
        {
            login.Store(theirs);
        }

        await provider.RemoveAsync();

        (await login.CreateStore().ReadAsync())!.AccessToken.Should().Be(theirs.AccessToken);
        login.Server.IsAccepted(theirs.AccessToken).Should().BeTrue();
    }

    [Fact]
    public async Task Status_and_error_name_the_same_reason_after_a_sign_out()
    {
        await using SharedLogin login = await SharedLogin.StartAsync(new() { TimeProvider = _clock });
        CoordinatedTokenProvider provider = Provider(login);
        await provider.GetAccessTokenAsync();

        await provider.RemoveAsync();

        (await provider.GetStatusAsync()).Should().BeEquivalentTo(new { State = TokenRefreshState.SignedOut, Problem = (string?)null });
        (await provider.Awaiting(p => p.GetAccessTokenAsync().AsTask()).Should().ThrowAsync<SignInRequiredException>())
            .Which.Should().BeEquivalentTo(new { Reason = SignInRequiredReason.SignedOut });
        login.Store(login.Server.IssueLogin());
        (await provider.GetAccessTokenAsync()).Value.Should().Be(login.Login.AccessToken);
    }

    [Fact]
    [FailureMode("F80")]
    public async Task What_others_refreshed_the_login_to_is_ended()
    {
        await using SharedLogin login = await SharedLogin.StartAsync(new() { TimeProvider = _clock });
        CoordinatedTokenProvider provider = Provider(login);
        CoordinatedTokenProvider other = Provider(login);
        AccessToken first = await provider.GetAccessTokenAsync();
        AccessToken next = await other.RefreshAccessTokenAsync(first);
        _clock.Advance(TimeSpan.FromMinutes(1));
        await other.RefreshAccessTokenAsync(next);

        await provider.RemoveAsync();

        (await other.GetStatusAsync()).State.Should().Be(TokenRefreshState.SignedOut);
    }

    [Fact]
    [FailureMode("F80", "F34")]
    public async Task What_others_could_save_late_only_is_ended()
    {
        await using SharedLogin login = await SharedLogin.StartAsync(new() { TimeProvider = _clock });
        CoordinatedTokenProvider provider = Provider(login);
        var files = new FileOperationsSpy
        {
            Before = operation => _ = operation == "temp.flush" ? throw new IOException("Input/output error") : 0,
        };
        using FileCredentialsStore store = login.CreateStore(files, _clock);
        CoordinatedTokenProvider other = login.CreateProvider(services: new() { TimeProvider = _clock, CredentialsStore = store });
        Task<AccessToken> refresh = other.RefreshAccessTokenAsync(await provider.GetAccessTokenAsync()).AsTask();
        await _clock.AdvanceThroughPausesAsync(refresh, TimeSpan.FromMilliseconds(20));
        files.Before = null;
        await other.DisposeAsync();
        (await login.CreateStore().ReadAsync())!.AccessToken.Should().Be((await refresh).Value, "disposal saves it");

        await provider.RemoveAsync();

        (await provider.GetStatusAsync()).State.Should().Be(TokenRefreshState.SignedOut);
    }

    [Fact]
    [FailureMode("F81")]
    public async Task The_death_of_the_next_login_is_told_too()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _clock });
        var events = new EventLog();
        CoordinatedTokenProvider provider = login.CreateProvider(events.AttachTo, new() { TimeProvider = _clock });
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.Error("invalid_grant");
        await provider.Awaiting(p => p.GetAccessTokenAsync().AsTask()).Should().ThrowAsync<SignInRequiredException>();
        await events.NextAsync<SignInRequiredEvent>();

        await provider.StoreAsync(new OAuthCredentials("access-1", "refresh-1", _clock.GetUtcNow().AddHours(1)));
        await provider.GetAccessTokenAsync();
        _clock.Advance(TimeSpan.FromHours(2));
        await provider.Awaiting(p => p.GetAccessTokenAsync().AsTask()).Should().ThrowAsync<SignInRequiredException>();

        (await events.NextAsync<SignInRequiredEvent>()).Reason.Should().Be(SignInRequiredReason.RefreshTokenRejected);
    }

    private CoordinatedTokenProvider Provider(SharedLogin login) =>
        login.CreateProvider(o => o.RevocationEndpoint = login.Server.RevocationUri, new() { TimeProvider = _clock });
}
