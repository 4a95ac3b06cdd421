using System.Net;
using FluentAssertions;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;

namespace TokenRefresh.Tests.Refresh;

/// <summary>A provider that never refreshes: it waits for the program that does.</summary>
public sealed class FollowerTests
{
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(7);

    private readonly ManualTimeProvider _time = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_stored_is_used_without_an_endpoint_a_client_a_lock_or_a_temp_file()
    {
        await using SharedLogin login = await StartAsync();
        await using CoordinatedTokenProvider follower = Follow(login);

        AccessToken token = await follower.GetAccessTokenAsync(Cancellation);

        token.Value.Should().Be(login.Login.AccessToken);
        ShouldHaveChangedNothing(login);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_expired_or_rejected_token_is_replaced_once_its_owner_has_saved_the_next(bool isRejected)
    {
        await using SharedLogin login = await StartAsync();
        await using CoordinatedTokenProvider follower = Follow(login);
        AccessToken former = await follower.GetAccessTokenAsync(Cancellation);
        _time.Advance(isRejected ? TimeSpan.Zero : TimeSpan.FromHours(1));

        Task<AccessToken>[] waiting =
        [
            .. Enumerable.Range(0, 8).Select(_ => isRejected
                ? follower.RefreshAccessTokenAsync(former, Cancellation).AsTask()
                : follower.GetAccessTokenAsync(Cancellation).AsTask()),
        ];
        await _time.WaitForTimerDueInAsync(Patience);
        waiting.Should().OnlyContain(task => !task.IsCompleted);
        OAuthCredentials saved = login.StoreValid();

        (await Task.WhenAll(waiting)).Should().OnlyContain(token => token.Value == saved.AccessToken);
        (await follower.GetAccessTokenAsync(Cancellation)).Value.Should().Be(saved.AccessToken);
        ShouldHaveChangedNothing(login);
    }

    [Fact]
    public async Task Where_the_owner_has_saved_before_no_request_waits()
    {
        await using SharedLogin login = await StartAsync();
        await using CoordinatedTokenProvider follower = Follow(login);
        AccessToken former = await follower.GetAccessTokenAsync(Cancellation);
        OAuthCredentials saved = login.StoreValid();

        AccessToken next = await follower.RefreshAccessTokenAsync(former, Cancellation);

        next.Value.Should().Be(saved.AccessToken);
        _time.TimerCount.Should().Be(0);
    }

    [Fact]
    public async Task Where_no_owner_saves_the_error_says_so_and_the_next_calls_do_not_wait_as_long_again()
    {
        await using SharedLogin login = await StartAsync();
        login.Store(login.Login, _time.GetUtcNow());
        await using CoordinatedTokenProvider follower = Follow(login);

        OwnerTimeoutException failure = await FailAsync(follower.GetAccessTokenAsync(Cancellation));
        OwnerTimeoutException second =
            (await follower.Awaiting(f => f.GetAccessTokenAsync(Cancellation).AsTask()).Should().ThrowAsync<OwnerTimeoutException>()).Which;
        OAuthCredentials saved = login.StoreValid();

        failure.IsTransient.Should().BeTrue();
        failure.Wait.Should().Be(Patience);
        failure.Location.Should().Be(login.Path);
        failure.Holder.Should().BeNull();
        failure.Message.Should().Be(
            $"The access token in '{login.Path}' is expired or was rejected, this provider only follows the login ('Mode' is 'Follow'), "
            + "and no program has saved new tokens within '00:00:07'. No program holds its lock, so none is refreshing it now. "
            + "Start the program that refreshes it, and let it run.");
        second.Wait.Should().Be(TimeSpan.Zero);
        (await follower.GetAccessTokenAsync(Cancellation)).Value.Should().Be(saved.AccessToken);
        ShouldHaveChangedNothing(login);
    }

    [Fact]
    public async Task After_the_pause_the_same_token_is_waited_for_again()
    {
        await using SharedLogin login = await StartAsync();
        login.Store(login.Login, _time.GetUtcNow());
        await using CoordinatedTokenProvider follower = Follow(login);
        await FailAsync(follower.GetAccessTokenAsync(Cancellation));
        _time.Advance(Patience);

        OwnerTimeoutException failure = await FailAsync(follower.GetAccessTokenAsync(Cancellation));

        failure.Wait.Should().Be(Patience);
    }

    [Fact]
    public async Task The_program_that_holds_the_lock_is_named()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The foreign holder uses flock.");
        await using SharedLogin login = await StartAsync();
        login.Store(login.Login, _time.GetUtcNow());
        using ForeignLock foreign =
            ForeignLock.Hold(login.LockPath, new LockHolder(Environment.ProcessId, "owner", Environment.MachineName, _time.Start));
        await using CoordinatedTokenProvider follower = Follow(login);

        OwnerTimeoutException failure = await FailAsync(follower.GetAccessTokenAsync(Cancellation));

        failure.Holder!.ProcessName.Should().Be("owner");
        failure.Message.Should().Contain($"Process '{Environment.ProcessId} (owner)'").And.Contain("has held its lock since 2026-01-01");
    }

    [Fact]
    public async Task The_pause_of_the_owner_is_waited_for_and_told()
    {
        await using SharedLogin login = await StartAsync();
        login.Store(login.Login, _time.GetUtcNow());
        login.Server.EnqueueTokenBehavior(TokenEndpointBehavior.Throttle(503, TimeSpan.FromMinutes(5)));
        CoordinatedTokenProvider owner = login.CreateProvider(services: new() { TimeProvider = _time });
        await owner.Awaiting(o => o.GetAccessTokenAsync(Cancellation).AsTask()).Should().ThrowAsync<TokenEndpointUnavailableException>();
        await using CoordinatedTokenProvider follower = Follow(login);

        TokenRefreshStatus status = await follower.GetStatusAsync(Cancellation);
        OwnerTimeoutException failure = await FailAsync(follower.GetAccessTokenAsync(Cancellation));

        status.State.Should().Be(TokenRefreshState.CoolingDown);
        status.RetryAt.Should().BeAfter(_time.Start + TimeSpan.FromMinutes(4));
        failure.InnerException.Should().BeOfType<TokenEndpointUnavailableException>();
        failure.Message.Should().Contain("The last refresh of").And.Contain("503").And.NotContain("Start the program");
        login.Books.TokenRequests.Should().Be(1);
    }

    [Fact]
    public async Task A_login_that_the_owner_found_rejected_needs_a_sign_in_at_once()
    {
        await using SharedLogin login = await StartAsync();
        login.Store(login.Login, _time.GetUtcNow());
        login.Server.EnqueueTokenBehavior(TokenEndpointBehavior.Error("invalid_grant"));
        CoordinatedTokenProvider owner = login.CreateProvider(services: new() { TimeProvider = _time });
        await owner.Awaiting(o => o.GetAccessTokenAsync(Cancellation).AsTask()).Should().ThrowAsync<SignInRequiredException>();
        await using CoordinatedTokenProvider follower = Follow(login);

        Func<Task> act = () => follower.GetAccessTokenAsync(Cancellation).AsTask();

        (await act.Should().ThrowAsync<SignInRequiredException>()).Which.Reason.Should().Be(SignInRequiredReason.RefreshTokenRejected);
        (await follower.GetStatusAsync(Cancellation)).State.Should().Be(TokenRefreshState.SignInRequired);
    }

    [Fact]
    public async Task A_file_without_a_refresh_token_is_followed_too()
    {
        await using SharedLogin login = await StartAsync();
        await File.WriteAllTextAsync(login.Path, """{"claudeAiOauth":{"accessToken":"at-1","expiresAt":1}}""", Cancellation);
        await using CoordinatedTokenProvider follower = Follow(login);

        Task<AccessToken> waiting = follower.GetAccessTokenAsync(Cancellation).AsTask();
        await _time.WaitForTimerDueInAsync(Patience);
        long at = _time.GetUtcNow().AddHours(1).ToUnixTimeMilliseconds();
        string next = $$$"""{"claudeAiOauth":{"accessToken":"at-2","expiresAt":{{{at}}}}}""";
        await File.WriteAllTextAsync(login.Path + ".new", next, Cancellation);
        File.Move(login.Path + ".new", login.Path, overwrite: true);

        (await waiting).Value.Should().Be("at-2");
    }

    [Fact]
    public async Task A_due_token_is_served_without_a_look_or_a_request()
    {
        await using SharedLogin login = await StartAsync();
        await using CoordinatedTokenProvider follower = Follow(login);
        await follower.GetAccessTokenAsync(Cancellation);
        _time.Advance(TimeSpan.FromMinutes(58));
        login.StoreValid();

        ValueTask<AccessToken> token = follower.GetAccessTokenAsync(Cancellation);

        token.IsCompletedSuccessfully.Should().BeTrue();
        (await token).ExpiresAt.Should().Be(_time.Start.AddHours(1));
        ShouldHaveChangedNothing(login);
    }

    [Fact]
    public async Task Nothing_is_stored_or_removed()
    {
        await using SharedLogin login = await StartAsync();
        byte[] before = await File.ReadAllBytesAsync(login.Path, Cancellation);
        await using CoordinatedTokenProvider follower = Follow(login);

        Func<Task> store = () => follower.StoreAsync(new OAuthCredentials("at", "rt"), Cancellation);
        Func<Task> remove = () => follower.RemoveAsync(Cancellation);

        await store.Should().ThrowAsync<TokenRefreshConfigurationException>().WithMessage("*only follows the login in*'Mode' is 'Follow'*");
        await remove.Should().ThrowAsync<TokenRefreshConfigurationException>();
        (await File.ReadAllBytesAsync(login.Path, Cancellation)).Should().Equal(before);
        ShouldHaveChangedNothing(login);
    }

    [Fact]
    public async Task The_status_says_that_the_owner_is_awaited()
    {
        await using SharedLogin login = await StartAsync();
        await using CoordinatedTokenProvider follower = Follow(login);

        TokenRefreshStatus valid = await follower.GetStatusAsync(Cancellation);
        _time.Advance(TimeSpan.FromHours(1));
        TokenRefreshStatus expired = await follower.GetStatusAsync(Cancellation);

        valid.Should().BeEquivalentTo(new { State = TokenRefreshState.SignedIn, IsFollowing = true, Problem = (string?)null });
        expired.Should().BeEquivalentTo(new { State = TokenRefreshState.AwaitingOwner, IsFollowing = true });
        expired.Problem.Should().Contain("no program has saved new tokens. No program holds its lock")
            .And.EndWith("Start the program that refreshes it, and let it run.");
        ShouldHaveChangedNothing(login);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_rejected_request_is_sent_again_with_the_owner_s_next_token_or_its_401_returned(bool isSaved)
    {
        await using SharedLogin login = await StartAsync();
        await using CoordinatedTokenProvider follower = Follow(login);
        using var http = new HttpClient(new BearerTokenHandler(follower) { InnerHandler = new SocketsHttpHandler() });
        login.Server.RevokeAccessToken(login.Login.AccessToken);

        Task<HttpResponseMessage> sending = http.GetAsync(new Uri(login.Server.ApiUri, "x"), Cancellation);
        await _time.WaitForTimerDueInAsync(Patience);
        if (isSaved)
        {
            login.StoreValid();
        }
        else
        {
            await _time.AdvanceUntilAsync(sending, Step);
        }

        using HttpResponseMessage response = await sending;
        response.StatusCode.Should().Be(isSaved ? HttpStatusCode.OK : HttpStatusCode.Unauthorized);
        ShouldHaveChangedNothing(login);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task With_FollowIfReadOnly_a_file_that_cannot_be_replaced_is_followed(bool isReadOnly)
    {
        await using SharedLogin login = await StartAsync();
        login.Store(login.Login, _time.GetUtcNow());
        using var store = login.CreateStore(new Obstacle { IsThere = isReadOnly }, _time);
        CoordinatedTokenProvider provider = login.CreateProvider(
            o => (o.Mode, o.LockTimeout) = (TokenRefreshMode.FollowIfReadOnly, TimeSpan.FromSeconds(30)),
            new() { TimeProvider = _time, CredentialsStore = store });

        Task<AccessToken> getting = provider.GetAccessTokenAsync(Cancellation).AsTask();
        if (isReadOnly)
        {
            await _time.WaitForTimerDueInAsync(TimeSpan.FromSeconds(30));
            login.StoreValid();
        }

        login.Server.IsAccepted((await getting).Value).Should().BeTrue();
        login.Books.TokenRequests.Should().Be(isReadOnly ? 0 : 1);
        (await provider.GetStatusAsync(Cancellation)).IsFollowing.Should().Be(isReadOnly);
        File.Exists(login.LockPath).Should().Be(!isReadOnly);
    }

    [Fact]
    public async Task A_disposal_ends_the_wait()
    {
        await using SharedLogin login = await StartAsync();
        login.Store(login.Login, _time.GetUtcNow());
        await using CoordinatedTokenProvider follower = Follow(login);
        Task<AccessToken> waiting = follower.GetAccessTokenAsync(Cancellation).AsTask();
        await _time.WaitForTimerDueInAsync(Patience);

        await follower.DisposeAsync();

        await waiting.Awaiting(task => task).Should().ThrowAsync<ObjectDisposedException>();
    }

    private static void ShouldHaveChangedNothing(SharedLogin login)
    {
        Directory.EnumerateFileSystemEntries(login.Directory.Path).Should().Equal(login.Path);
        login.Books.TokenRequests.Should().Be(0);
    }

    private async Task<OwnerTimeoutException> FailAsync(ValueTask<AccessToken> getting)
    {
        Task<AccessToken> waiting = getting.AsTask();
        Func<Task> act = () => _time.AdvanceUntilAsync(waiting, Step);
        return (await act.Should().ThrowAsync<OwnerTimeoutException>()).Which;
    }

    private Task<SharedLogin> StartAsync() => SharedLogin.StartAsync(new() { TimeProvider = _time });

    private CoordinatedTokenProvider Follow(SharedLogin login) => CoordinatedTokenProvider.Create(
        o => (o.CredentialsPath, o.Mode, o.LockTimeout) = (login.Path, TokenRefreshMode.Follow, Patience),
        new() { TimeProvider = _time });

    private sealed class Obstacle : FileOperationsDecorator
    {
        public bool IsThere { get; init; }

        public override string? FindObstacle(string target) => IsThere ? "Its file system is read-only." : base.FindObstacle(target);
    }
}
