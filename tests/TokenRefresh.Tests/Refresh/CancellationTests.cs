using FluentAssertions;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;

namespace TokenRefresh.Tests.Refresh;

public sealed class CancellationTests
{
    [Fact]
    [FailureMode("F66")]
    public async Task The_first_of_twenty_callers_leaves_at_once_and_the_others_get_the_token_of_its_request()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        CoordinatedTokenProvider provider = login.CreateProvider();
        using var leaving = new CancellationTokenSource();
        using ParkedRequest exchange = login.Server.ParkNextTokenRequest(ParkPoint.AfterProcessing);
        Task<AccessToken> first = provider.GetAccessTokenAsync(leaving.Token).AsTask();
        await exchange.Arrived;
        Task<AccessToken>[] others = [.. Enumerable.Range(0, 19).Select(_ => provider.GetAccessTokenAsync().AsTask())];

        await leaving.CancelAsync();
        await first.Invoking(task => task.WaitAsync(TimeSpan.FromSeconds(10))).Should().ThrowAsync<OperationCanceledException>();
        others.Should().NotContain(task => task.IsCompleted, "the exchange goes on for them");
        exchange.Release();
        AccessToken[] tokens = await Task.WhenAll(others);

        tokens.Select(token => token.Value).Distinct().Should().ContainSingle();
        login.Server.IsAccepted(tokens[0].Value).Should().BeTrue();
        login.Server.Books.TokenRequests.Should().Be(1);
        (await File.ReadAllTextAsync(login.Path)).Should().Contain(tokens[0].Value);
    }

    [Fact]
    [FailureMode("F66")]
    public async Task A_rotation_is_saved_although_all_twenty_callers_have_left()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        var events = new EventLog();
        CoordinatedTokenProvider provider = login.CreateProvider(events.AttachTo);
        using var leaving = new CancellationTokenSource();
        using ParkedRequest exchange = login.Server.ParkNextTokenRequest(ParkPoint.BeforeProcessing);
        Task<AccessToken>[] callers = [.. Enumerable.Range(0, 20).Select(_ => provider.GetAccessTokenAsync(leaving.Token).AsTask())];
        await exchange.Arrived;

        await leaving.CancelAsync();
        foreach (Task<AccessToken> caller in callers)
        {
            await caller.Invoking(task => task.WaitAsync(TimeSpan.FromSeconds(10))).Should().ThrowAsync<OperationCanceledException>();
        }

        exchange.Release();
        TokensRefreshedEvent refreshed = await events.NextAsync<TokensRefreshedEvent>();

        refreshed.IsSaved.Should().BeTrue();
        AccessToken stored = await login.CreateProvider().GetAccessTokenAsync();
        login.Server.IsAccepted(stored.Value).Should().BeTrue();
        login.Server.Books.TokenRequests.Should().Be(1);
    }

    [Fact]
    [FailureMode("F30")]
    public async Task A_caller_that_waits_for_another_holder_s_lock_leaves_at_once()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        using ParkedExchange<AccessToken> exchange = await login.ParkAsync(login.CreateProvider());
        using var leaving = new CancellationTokenSource();
        Task<AccessToken> waiter = login.CreateProvider().GetAccessTokenAsync(leaving.Token).AsTask();

        await leaving.CancelAsync();

        await waiter.Invoking(task => task.WaitAsync(TimeSpan.FromSeconds(10))).Should().ThrowAsync<OperationCanceledException>();
        await exchange.FinishAsync();
    }

    [Fact]
    [FailureMode("F67")]
    public async Task A_thread_whose_context_never_runs_anything_may_block_on_every_call()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        CoordinatedTokenProvider provider = login.CreateProvider();
        IssuedLogin next = login.Server.IssueLogin();
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            SynchronizationContext.SetSynchronizationContext(new StuckContext());
            try
            {
                AccessToken token = provider.GetAccessTokenAsync().AsTask().GetAwaiter().GetResult();
                provider.RefreshAccessTokenAsync(token).AsTask().GetAwaiter().GetResult();
                provider.GetStatusAsync().AsTask().GetAwaiter().GetResult();
                provider.StoreAsync(next.Credentials).GetAwaiter().GetResult();
                provider.RemoveAsync().GetAwaiter().GetResult();
                provider.Dispose();
                done.SetResult();
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        });
        thread.IsBackground = true;

        thread.Start();

        await done.Task.WaitAsync(TimeSpan.FromSeconds(20));
        login.Server.Books.TokenRequests.Should().Be(2);
    }

    [Fact]
    [FailureMode("F69")]
    public async Task The_scope_is_the_credential_s_and_no_call_can_ask_for_another()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        CoordinatedTokenProvider provider = login.CreateProvider(o => o.Scope = "user:inference");

        AccessToken[] tokens = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => provider.GetAccessTokenAsync().AsTask()));

        tokens.Should().OnlyContain(token => ReferenceEquals(token, tokens[0]));
        login.Server.ReceivedTokenRequests.Should().ContainSingle().Which.Parameters["scope"].Should().Be("user:inference");
        typeof(ITokenProvider)
            .GetMethods()
            .SelectMany(method => method.GetParameters())
            .Select(parameter => parameter.ParameterType)
            .Distinct()
            .Should().BeEquivalentTo([typeof(AccessToken), typeof(CancellationToken)]);
    }

    private sealed class StuckContext : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state)
        {
        }
    }
}
