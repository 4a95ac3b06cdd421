using FluentAssertions;
using TokenRefresh.Record;
using TokenRefresh.Refresh;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;

namespace TokenRefresh.Tests.Refresh;

public sealed class TokenLifetimeTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Tick = TimeSpan.FromTicks(1);

    [Theory]
    [InlineData(10, 5, 9)]
    [InlineData(60, 30, 54)]
    [InlineData(300, 150, 290)]
    [InlineData(28_800, 28_500, 28_790)]
    [FailureMode("F72")]
    public void The_margin_is_at_most_half_the_lifetime_and_the_skew_at_most_a_tenth(int lifetime, int dueAfter, int usableFor)
    {
        var result = TokenLifetime.Of(Now.AddSeconds(lifetime), TimeSpan.FromSeconds(lifetime), Now, Margin, Skew, spread: 0);

        result.DueAt.Should().Be(Now.AddSeconds(dueAfter));
        result.UsableUntil.Should().Be(Now.AddSeconds(usableFor));
        result.ExpiresAt.Should().Be(Now.AddSeconds(lifetime));
    }

    [Fact]
    [FailureMode("F72")]
    public void Without_a_known_lifetime_what_remained_at_first_sight_counts()
    {
        var result = TokenLifetime.Of(Now.AddMinutes(3), lifetime: null, Now, Margin, Skew, spread: 0);

        result.DueAt.Should().Be(Now.AddSeconds(90));
        result.UsableUntil.Should().Be(Now.AddSeconds(170));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(60)]
    [InlineData(300)]
    [InlineData(28_800)]
    [FailureMode("F72")]
    public async Task A_token_of_any_lifetime_costs_at_most_one_request_in_that_time(int lifetime)
    {
        var time = new ManualTimeProvider();
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(
            new() { TimeProvider = time, AccessTokenLifetime = TimeSpan.FromSeconds(lifetime) });
        CoordinatedTokenProvider provider = login.CreateProvider(services: new() { TimeProvider = time });

        // Up to half of it nothing is due, so each of these calls must be served from memory or from the file.
        for (var i = 0; i <= 10; i++)
        {
            await provider.GetAccessTokenAsync(TestContext.Current.CancellationToken);
            await login.CreateProvider(services: new() { TimeProvider = time }).GetAccessTokenAsync(TestContext.Current.CancellationToken);
            time.Advance(TimeSpan.FromSeconds(lifetime) / 21);
        }

        login.Server.Books.TokenRequests.Should().Be(1);
    }

    [Fact]
    [FailureMode("F75")]
    public void Exactly_at_the_margin_a_token_is_due_and_a_tick_before_it_is_not()
    {
        DateTimeOffset expiry = Now.AddHours(1);
        LoginRecord record = LoginRecord.Empty.WithObtained(new ObtainedToken(Fingerprint.Of(Decisions.AccessToken), Now));

        RefreshAction Decide(DateTimeOffset now) =>
            Decisions.Decide(
                Decisions.Stored(expiry), record, new RefreshReason(null, "another, cached token"), now, before: Margin, skew: Skew).Action;

        TokenLifetime.Of(expiry, TimeSpan.FromHours(1), Now, Margin, Skew, spread: 0).DueAt.Should().Be(expiry - Margin);
        Decide(expiry - Margin - Tick).Should().Be(RefreshAction.Use);
        Decide(expiry - Margin).Should().Be(RefreshAction.Refresh);
    }

    [Fact]
    [FailureMode("F75")]
    public async Task A_provider_refreshes_exactly_at_the_boundary_and_not_a_tick_before()
    {
        var time = new ManualTimeProvider();
        await using SharedLogin login = await SharedLogin.StartAsync(new() { TimeProvider = time });
        CoordinatedTokenProvider provider = login.CreateProvider(
            o => o.RefreshBeforeExpiration = o.ExpirationSkew = TimeSpan.Zero, new() { TimeProvider = time });
        DateTimeOffset expiry = (await provider.GetAccessTokenAsync(TestContext.Current.CancellationToken)).ExpiresAt!.Value;

        time.Advance(expiry - time.GetUtcNow() - Tick);
        AccessToken before = await provider.GetAccessTokenAsync(TestContext.Current.CancellationToken);
        int requestsBefore = login.Server.Books.TokenRequests;
        time.Advance(Tick);
        AccessToken after = await provider.GetAccessTokenAsync(TestContext.Current.CancellationToken);

        requestsBefore.Should().Be(0);
        before.Value.Should().Be(login.Login.AccessToken);
        after.Value.Should().NotBe(before.Value);
        login.Server.Books.TokenRequests.Should().Be(1);
    }

    [Fact]
    [FailureMode("F75")]
    public void Exactly_at_the_skew_a_token_is_expired_and_a_tick_before_it_is_not()
    {
        DateTimeOffset expiry = Now.AddHours(1);

        TokenLifetime.IsUsable(expiry, TimeSpan.FromHours(1), expiry - Skew - Tick, Skew).Should().BeTrue();
        TokenLifetime.IsUsable(expiry, TimeSpan.FromHours(1), expiry - Skew, Skew).Should().BeFalse();
    }

    [Fact]
    [FailureMode("F75")]
    public void With_margin_and_skew_zero_the_expiry_itself_is_the_boundary()
    {
        DateTimeOffset expiry = Now.AddHours(1);

        var lifetime = TokenLifetime.Of(expiry, TimeSpan.FromHours(1), Now, TimeSpan.Zero, TimeSpan.Zero, spread: 1);

        lifetime.Should().Be(new TokenLifetime(expiry, expiry, expiry));
        TokenLifetime.IsUsable(expiry, TimeSpan.FromHours(1), expiry, TimeSpan.Zero).Should().BeFalse();
        TokenLifetime.IsUsable(expiry, TimeSpan.FromHours(1), expiry - Tick, TimeSpan.Zero).Should().BeTrue();
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0.5, 30)]
    [InlineData(1, 60)]
    [FailureMode("F54")]
    public void The_spread_is_at_most_a_fifth_of_the_margin(double spread, int seconds)
    {
        var lifetime = TokenLifetime.Of(Now.AddHours(1), TimeSpan.FromHours(1), Now, Margin, Skew, spread);

        lifetime.DueAt.Should().Be(Now.AddMinutes(55).AddSeconds(seconds));
    }

    [Fact]
    public void The_spread_never_leads_past_the_skew()
    {
        var lifetime = TokenLifetime.Of(Now.AddHours(1), TimeSpan.FromHours(1), Now, TimeSpan.FromSeconds(11), Skew, spread: 1);

        lifetime.DueAt.Should().Be(lifetime.UsableUntil);
    }

    [Fact]
    [FailureMode("F73")]
    public void An_unknown_expiry_is_never_due_and_always_usable()
    {
        TokenLifetime.Of(null, null, Now, Margin, Skew, spread: 0).Should().Be(TokenLifetime.Unknown);
        TokenLifetime.IsUsable(null, null, DateTimeOffset.MaxValue, Skew).Should().BeTrue();
    }

    [Fact]
    public void A_token_that_was_expired_at_first_sight_is_due_at_once()
    {
        var lifetime = TokenLifetime.Of(Now.AddHours(-1), lifetime: null, Now, Margin, Skew, spread: 1);

        lifetime.DueAt.Should().BeOnOrBefore(Now);
        lifetime.UsableUntil.Should().BeBefore(Now);
    }
}
