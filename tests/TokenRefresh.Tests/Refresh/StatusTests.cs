using FluentAssertions;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;

namespace TokenRefresh.Tests.Refresh;

public sealed class StatusTests
{
    private readonly ManualTimeProvider _clock = new();

    [Fact]
    [FailureMode("F85")]
    public async Task The_status_of_an_expired_login_asks_no_one_locks_nothing_and_writes_nothing()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        byte[] file = await File.ReadAllBytesAsync(login.Path);
        DateTime written = File.GetLastWriteTimeUtc(login.Path);

        TokenRefreshStatus status = await login.CreateProvider().GetStatusAsync();

        status.State.Should().Be(TokenRefreshState.ExpiredButRefreshable);
        status.Location.Should().Be(login.Path);
        status.AccessTokenExpiresAt.Should().Be(DateTimeOffset.UnixEpoch.AddYears(50));
        login.Server.Books.TokenRequests.Should().Be(0);
        Directory.EnumerateFileSystemEntries(login.Directory.Path).Should().Equal(login.Path);
        (await File.ReadAllBytesAsync(login.Path)).Should().Equal(file);
        File.GetLastWriteTimeUtc(login.Path).Should().Be(written);
    }

    [Theory]
    [InlineData(null, TokenRefreshState.SignedOut)]
    [InlineData("""{"claudeAiOauth":{"accessToken":"","refreshToken":"","expiresAt":0}}""", TokenRefreshState.SignedOut)]
    [InlineData("""{"claudeAiOauth":{"accessToken":"a","refreshToken":"r","expiresAt":99999999999999}}""", TokenRefreshState.SignedIn)]
    [InlineData("""{"claudeAiOauth":{"accessToken":"a","refreshToken":"r","expiresAt":null}}""", TokenRefreshState.SignedIn)]
    [InlineData("""{"claudeAiOauth":{"accessToken":"a","refreshToken":"r","expiresAt":1}}""", TokenRefreshState.ExpiredButRefreshable)]
    [InlineData("""{"claudeAiOauth":{"accessToken":"a","expiresAt":1}}""", TokenRefreshState.ExpiredNotRefreshable)]
    [InlineData("{", TokenRefreshState.Unreadable)]
    public async Task The_state_follows_the_file(string? content, TokenRefreshState expected)
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        File.Delete(login.Path);
        if (content is not null)
        {
            await File.WriteAllTextAsync(login.Path, content);
        }

        TokenRefreshStatus status = await login.CreateProvider().GetStatusAsync();

        status.State.Should().Be(expected);
        (status.Problem is not null).Should().Be(expected is TokenRefreshState.Unreadable or TokenRefreshState.ExpiredNotRefreshable);
    }

    [Theory]
    [InlineData("invalid_grant", TokenRefreshState.SignInRequired)]
    [InlineData("temporarily_unavailable", TokenRefreshState.CoolingDown)]
    [InlineData("lost", TokenRefreshState.OutcomeUnknown)]
    public async Task The_state_follows_the_last_answer_for_every_provider_of_the_file(string answer, TokenRefreshState expected)
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _clock });
        login.Server.DefaultTokenBehavior = answer == "lost"
            ? TokenEndpointBehavior.DropAfterProcessing
            : TokenEndpointBehavior.Error(answer);
        await Xunit.Record.ExceptionAsync(() => Provider(login).GetAccessTokenAsync().AsTask());

        TokenRefreshStatus status = await Provider(login).GetStatusAsync();

        // The server spends the token at the first lost answer and calls it reused at the replay, whose answer is lost too.
        status.State.Should().Be(expected);
        status.Problem.Should().Contain(login.Path);
        (status.RetryAt > _clock.GetUtcNow()).Should().Be(expected != TokenRefreshState.SignInRequired);
    }

    [Fact]
    public async Task During_an_exchange_the_holder_is_named_and_afterwards_the_moment_of_the_refresh()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _clock });
        CoordinatedTokenProvider provider = Provider(login);
        CoordinatedTokenProvider other = Provider(login);
        using ParkedExchange<AccessToken> exchange = await login.ParkAsync(provider);

        TokenRefreshStatus during = await other.GetStatusAsync();
        await exchange.FinishAsync();
        TokenRefreshStatus after = await provider.GetStatusAsync();

        during.State.Should().Be(TokenRefreshState.ExpiredButRefreshable);
        during.LockHolder.Should().BeEquivalentTo(new { Environment.ProcessId, Host = Environment.MachineName, Since = _clock.Start });
        after.Should().BeEquivalentTo(
                new
                {
                    State = TokenRefreshState.SignedIn,
                    LastRefreshAt = _clock.Start,
                    LockHolder = (LockHolder?)null,
                    Problem = (string?)null,
                });
    }

    private CoordinatedTokenProvider Provider(SharedLogin login) => login.CreateProvider(services: new() { TimeProvider = _clock });
}
