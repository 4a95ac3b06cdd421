using FluentAssertions;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;
using TokenRefresh.Tests.Http;

namespace TokenRefresh.Tests;

public sealed class ForcedRefreshAdapterTests
{
    private static readonly TimeSpan LateRejections = TimeSpan.FromSeconds(30);

    private readonly ManualTimeProvider _time = new();
    private readonly RotatingTokens _tokens = new();
    private readonly ForcedRefreshAdapter _adapter;

    public ForcedRefreshAdapterTests() => _adapter = new ForcedRefreshAdapter(_tokens, _time);

    [Fact]
    public async Task A_call_that_does_not_force_gets_the_provider_s_token_and_rejects_nothing()
    {
        string first = await GetAsync();
        string second = await GetAsync();

        (first, second).Should().Be(("T1", "T1"));
        _tokens.Rejected.Should().BeEmpty();
    }

    [Fact]
    public async Task A_forced_call_rejects_the_token_that_was_given_out_before()
    {
        await GetAsync();

        string token = await GetAsync(force: true);

        token.Should().Be("T2");
        _tokens.Rejected.Should().Equal("T1");
    }

    [Fact]
    public async Task A_forced_call_before_any_token_was_given_out_rejects_nothing()
    {
        string token = await GetAsync(force: true);

        token.Should().Be("T1");
        _tokens.Rejected.Should().BeEmpty();
    }

    [Fact]
    public async Task Forced_calls_at_the_same_time_reject_the_same_token()
    {
        await GetAsync();
        var gate = new TaskCompletionSource();
        _tokens.Gate = gate.Task;
        Task<string>[] calls = [.. Enumerable.Range(0, 100).Select(_ => GetAsync(force: true))];

        gate.SetResult();
        string[] tokens = await Task.WhenAll(calls);

        tokens.Should().OnlyContain(token => token == "T2");
        _tokens.Rejected.Should().HaveCount(100).And.OnlyContain(token => token == "T1");
    }

    [Fact]
    public async Task A_caller_that_has_an_old_token_does_not_reject_the_new_one()
    {
        await GetAsync();
        await GetAsync(force: true);
        await GetAsync();
        _time.Advance(LateRejections - TimeSpan.FromTicks(1));

        string late = await GetAsync(force: true);

        late.Should().Be("T2");
        _tokens.Refreshes.Should().Be(1);
    }

    [Fact]
    public async Task Late_rejections_of_the_old_token_do_not_prolong_the_time_for_them()
    {
        await GetAsync();
        await GetAsync(force: true);
        _time.Advance(LateRejections - TimeSpan.FromSeconds(1));
        await GetAsync(force: true);
        _time.Advance(TimeSpan.FromSeconds(1));

        string token = await GetAsync(force: true);

        token.Should().Be("T3");
        _tokens.Rejected.Should().Equal("T1", "T1", "T2");
    }

    [Fact]
    public async Task A_token_that_came_at_the_expiry_of_the_former_one_has_the_same_time()
    {
        await GetAsync();
        await _tokens.RefreshAccessTokenAsync(new AccessToken("T1"));
        await GetAsync();

        string late = await GetAsync(force: true);
        _time.Advance(LateRejections);
        string later = await GetAsync(force: true);

        (late, later).Should().Be(("T2", "T3"));
    }

    [Fact]
    public async Task A_call_that_began_before_the_refresh_and_ended_after_it_does_not_bring_the_old_token_back()
    {
        var slow = new SlowTokens(_tokens);
        var adapter = new ForcedRefreshAdapter(slow, _time);
        await adapter.GetTokenAsync();
        ValueTask<AccessToken> late = slow.WithholdNext(() => adapter.GetTokenAsync());
        await adapter.GetTokenAsync(forceRefresh: true);
        slow.Release();
        await late;

        _time.Advance(LateRejections);
        AccessToken token = await adapter.GetTokenAsync(forceRefresh: true);

        token.Value.Should().Be("T3");
        _tokens.Rejected.Should().Equal("T1", "T2");
    }

    [Fact]
    public async Task A_former_token_that_the_provider_returns_to_can_be_rejected_again()
    {
        var stored = new ChangingTokens { Value = "T1" };
        var adapter = new ForcedRefreshAdapter(stored, _time);
        foreach (string value in (string[])["T1", "T2", "T1"])
        {
            stored.Value = value;
            _time.Advance(LateRejections);
            await adapter.GetTokenAsync();
        }

        _time.Advance(LateRejections);
        await adapter.GetTokenAsync(forceRefresh: true);

        stored.Rejected.Should().Equal("T1");
    }

    [Fact]
    public async Task A_failed_refresh_is_the_caller_s_and_changes_nothing()
    {
        await GetAsync();
        _tokens.Failure = new SignInRequiredException(SignInRequiredReason.RefreshTokenRejected, "Sign in.");
        Func<Task> act = () => GetAsync(force: true);
        await act.Should().ThrowAsync<SignInRequiredException>();
        _tokens.Failure = null;

        string token = await GetAsync(force: true);

        token.Should().Be("T2");
        _tokens.Rejected.Should().Equal("T1", "T1");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_cancelled_caller_leaves(bool force)
    {
        await GetAsync();
        _tokens.Gate = new TaskCompletionSource().Task;
        using var cancellation = new CancellationTokenSource();
        Task<AccessToken> call = _adapter.GetTokenAsync(force, cancellation.Token).AsTask();

        await cancellation.CancelAsync();

        await FluentActions.Awaiting(() => call).Should().ThrowAsync<OperationCanceledException>();
    }

    [Fact]
    public async Task Fifty_clients_whose_token_was_rejected_cost_one_refresh_at_the_server()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        var adapter = new ForcedRefreshAdapter(login.CreateProvider());
        AccessToken[] first = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => adapter.GetTokenAsync().AsTask()));
        login.Server.RevokeAccessToken(login.Login.AccessToken);

        AccessToken[] atOnce = await Task.WhenAll(first.Select(_ => adapter.GetTokenAsync(forceRefresh: true).AsTask()));
        AccessToken late = await adapter.GetTokenAsync(forceRefresh: true);

        first.Should().OnlyContain(token => token.Value == login.Login.AccessToken);
        atOnce.Append(late).Select(token => token.Value).Distinct().Should().ContainSingle()
            .Which.Should().Match(token => login.Server.IsAccepted(token));
        login.Books.TokenRequests.Should().Be(1);
    }

    private async Task<string> GetAsync(bool force = false) => (await _adapter.GetTokenAsync(force)).Value;

    /// <summary>Withholds one answer.</summary>
    private sealed class SlowTokens(ITokenProvider inner) : ITokenProvider
    {
        private readonly TaskCompletionSource _gate = new();
        private bool _isWithheld;

        public ValueTask<AccessToken> WithholdNext(Func<ValueTask<AccessToken>> call)
        {
            _isWithheld = true;
            ValueTask<AccessToken> result = call();
            _isWithheld = false;
            return result;
        }

        public void Release() => _gate.SetResult();

        public async ValueTask<AccessToken> GetAccessTokenAsync(CancellationToken cancellationToken = default)
        {
            bool isWithheld = _isWithheld;
            AccessToken token = await inner.GetAccessTokenAsync(cancellationToken);
            await (isWithheld ? _gate.Task : Task.CompletedTask);
            return token;
        }

        public ValueTask<AccessToken> RefreshAccessTokenAsync(AccessToken rejected, CancellationToken cancellationToken = default) =>
            inner.RefreshAccessTokenAsync(rejected, cancellationToken);
    }

    /// <summary>Gives out what another program has stored.</summary>
    private sealed class ChangingTokens : ITokenProvider
    {
        public required string Value { get; set; }

        public List<string> Rejected { get; } = [];

        public ValueTask<AccessToken> GetAccessTokenAsync(CancellationToken cancellationToken = default) => new(new AccessToken(Value));

        public ValueTask<AccessToken> RefreshAccessTokenAsync(AccessToken rejected, CancellationToken cancellationToken = default)
        {
            Rejected.Add(rejected.Value);
            return new(new AccessToken("another"));
        }
    }
}
