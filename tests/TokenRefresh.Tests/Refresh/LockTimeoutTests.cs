using FluentAssertions;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;

namespace TokenRefresh.Tests.Refresh;

public sealed class LockTimeoutTests
{
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(1);

    private readonly ManualTimeProvider _time = new();

    [Fact]
    [FailureMode("F5")]
    public async Task A_lock_that_cannot_be_had_in_time_leads_to_no_request_and_an_error_that_names_lock_wait_and_holder()
    {
        SkipOnWindows();
        await using SharedLogin login = await StartAsync();
        login.Store(login.Login, _time.GetUtcNow());
        using ForeignLock foreign = Hold(login);
        CoordinatedTokenProvider provider = login.CreateProvider(
            o => o.LockTimeout = TimeSpan.FromSeconds(45), new() { TimeProvider = _time });

        Task<AccessToken> waiting = provider.GetAccessTokenAsync(TestContext.Current.CancellationToken).AsTask();
        Func<Task> act = () => _time.AdvanceUntilAsync(waiting, Step);

        LockTimeoutException failure = (await act.Should().ThrowAsync<LockTimeoutException>()).Which;
        failure.IsTransient.Should().BeTrue();
        failure.Path.Should().Be(login.LockPath);
        failure.Wait.Should().BeGreaterThanOrEqualTo(TimeSpan.FromSeconds(45));
        failure.Holder!.ProcessId.Should().Be(Environment.ProcessId);
        failure.Message.Should().Contain(login.LockPath)
            .And.Contain($"'{Environment.ProcessId} (other)'")
            .And.Contain("2026-01-01")
            .And.Contain("'LockTimeout' (now '00:00:45')");
        login.Server.Books.TokenRequests.Should().Be(0);
    }

    [Fact]
    [FailureMode("F5", "F29")]
    public async Task While_the_lock_cannot_be_had_a_due_token_is_served_at_once_and_without_a_request()
    {
        SkipOnWindows();
        await using SharedLogin login = await StartAsync();
        CoordinatedTokenProvider provider = login.CreateProvider(services: new() { TimeProvider = _time });
        await provider.GetAccessTokenAsync(TestContext.Current.CancellationToken);
        using ForeignLock foreign = Hold(login);
        _time.Advance(TimeSpan.FromMinutes(57));

        ValueTask<AccessToken> token = provider.GetAccessTokenAsync(TestContext.Current.CancellationToken);

        token.IsCompletedSuccessfully.Should().BeTrue();
        (await token).Value.Should().Be(login.Login.AccessToken);
        login.Server.Books.TokenRequests.Should().Be(0);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [FailureMode("F5")]
    public async Task When_the_wait_is_over_a_token_within_the_skew_is_still_served(bool isKnown)
    {
        SkipOnWindows();
        await using SharedLogin login = await StartAsync();
        CoordinatedTokenProvider provider = login.CreateProvider(
            o => o.ExpirationSkew = TimeSpan.FromMinutes(2), new() { TimeProvider = _time });
        if (isKnown)
        {
            await provider.GetAccessTokenAsync(TestContext.Current.CancellationToken);
        }

        using ForeignLock foreign = Hold(login);
        _time.Advance(TimeSpan.FromMinutes(59));

        Task<AccessToken> waiting = provider.GetAccessTokenAsync(TestContext.Current.CancellationToken).AsTask();
        waiting.IsCompleted.Should().BeFalse("within the skew a caller waits for the next token");
        await _time.AdvanceUntilAsync(waiting, Step);

        (await waiting).Value.Should().Be(login.Login.AccessToken);
        login.Server.Books.TokenRequests.Should().Be(0);
    }

    [Fact]
    [FailureMode("F5")]
    public async Task When_the_wait_is_over_a_rejected_token_is_not_served()
    {
        SkipOnWindows();
        await using SharedLogin login = await StartAsync();
        CoordinatedTokenProvider provider = login.CreateProvider(services: new() { TimeProvider = _time });
        AccessToken rejected = await provider.GetAccessTokenAsync(TestContext.Current.CancellationToken);
        using ForeignLock foreign = Hold(login);

        Task<AccessToken> waiting = provider.RefreshAccessTokenAsync(rejected, TestContext.Current.CancellationToken).AsTask();
        Func<Task> act = () => _time.AdvanceUntilAsync(waiting, Step);

        await act.Should().ThrowAsync<LockTimeoutException>();
        login.Server.Books.TokenRequests.Should().Be(0);
    }

    private static void SkipOnWindows() =>
        Assert.SkipWhen(
            OperatingSystem.IsWindows(), "The foreign holder uses flock; Windows locks are held by a child process in the process tests.");

    private Task<SharedLogin> StartAsync() => SharedLogin.StartAsync(new() { TimeProvider = _time });

    private ForeignLock Hold(SharedLogin login) =>
        ForeignLock.Hold(login.LockPath, new LockHolder(Environment.ProcessId, "other", Environment.MachineName, _time.Start));
}
