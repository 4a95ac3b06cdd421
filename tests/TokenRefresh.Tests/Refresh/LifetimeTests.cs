using FluentAssertions;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;

namespace TokenRefresh.Tests.Refresh;

/// <summary>When a token is replaced, by the clock of the machine and what servers say of its life.</summary>
public sealed class LifetimeTests
{
    private readonly ManualTimeProvider _clock = new();

    [Theory]
    [FailureMode("F72")]
    [InlineData(10)]
    [InlineData(60)]
    [InlineData(300)]
    [InlineData(8 * 3600)]
    public async Task Two_providers_of_one_file_refresh_once_per_lifetime_however_short_against_the_margin(int seconds)
    {
        var lifetime = TimeSpan.FromSeconds(seconds);
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(
            new() { TimeProvider = _clock, AccessTokenLifetime = lifetime });
        await login.CreateProvider(services: Services()).GetAccessTokenAsync();
        EventLog[] events = [new(), new()];
        CoordinatedTokenProvider[] providers = [.. events.Select(e => login.CreateProvider(e.AttachTo, Services()))];
        TimeSpan margin = lifetime / 2 < TimeSpan.FromMinutes(5) ? lifetime / 2 : TimeSpan.FromMinutes(5);

        for (int round = 0; round < 5; round++)
        {
            DateTimeOffset expiry = _clock.GetUtcNow() + lifetime;
            foreach (TimeSpan before in new[] { lifetime, lifetime * 0.75, margin + TimeSpan.FromMilliseconds(1) })
            {
                _clock.Advance(expiry - before - _clock.GetUtcNow());
                foreach (CoordinatedTokenProvider provider in providers)
                {
                    (await provider.GetAccessTokenAsync()).ExpiresAt.Should().Be(expiry);
                }
            }

            login.Server.Books.TokenRequests.Should().Be(round + 1, "nothing is due yet");

            // The spread is over: due for both, and still valid.
            _clock.Advance(expiry - (margin * 0.8) - _clock.GetUtcNow());
            (await providers[0].GetAccessTokenAsync()).ExpiresAt.Should().Be(expiry);
            await events[0].NextAsync<TokensRefreshedEvent>();
            (await providers[1].GetAccessTokenAsync()).ExpiresAt.Should().Be(expiry);
            await events[1].NextAsync<TokensAdoptedEvent>();
            login.Server.Books.TokenRequests.Should().Be(round + 2);
        }
    }

    [Fact]
    [FailureMode("F75")]
    public async Task Exactly_at_the_margin_a_token_is_replaced_and_one_tick_before_it_is_not()
    {
        await using SharedLogin login = await SharedLogin.StartAsync(new() { TimeProvider = _clock });
        CoordinatedTokenProvider provider = login.CreateProvider(o => o.RefreshBeforeExpiration = TimeSpan.Zero, Services());
        AccessToken first = await provider.GetAccessTokenAsync();
        _clock.Advance(TimeSpan.FromHours(1) - TimeSpan.FromSeconds(10) - TimeSpan.FromTicks(1));

        AccessToken before = await provider.GetAccessTokenAsync();
        _clock.Advance(TimeSpan.FromTicks(1));
        AccessToken at = await provider.GetAccessTokenAsync();

        before.Should().BeSameAs(first);
        at.Value.Should().NotBe(first.Value);
        login.Server.Books.TokenRequests.Should().Be(1);
    }

    [Theory]
    [FailureMode("F74")]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task A_clock_that_is_an_hour_wrong_costs_at_most_one_extra_refresh_per_lifetime_and_no_loop(int hours)
    {
        await using SharedLogin login = await SharedLogin.StartAsync(new() { TimeProvider = _clock });
        var wrong = new ManualTimeProvider(_clock.Start.AddHours(hours));
        CoordinatedTokenProvider provider = login.CreateProvider(
            o => o.RefreshBeforeExpiration = TimeSpan.Zero, new() { TimeProvider = wrong });
        using var client = new HttpClient(new BearerTokenHandler(provider) { InnerHandler = new SocketsHttpHandler() });

        for (int minute = 0; minute < 180; minute += 2)
        {
            using HttpResponseMessage answer = await client.GetAsync(login.Server.ApiUri);
            answer.IsSuccessStatusCode.Should().BeTrue();
            _clock.Advance(TimeSpan.FromMinutes(2));
            wrong.Advance(TimeSpan.FromMinutes(2));
        }

        // Three hours of tokens that live for one.
        login.Server.Books.TokenRequests.Should().BeInRange(2, 4);
        login.Server.Books.Reuses.Should().Be(0);
    }

    [Fact]
    [FailureMode("F74")]
    public async Task A_clock_that_is_set_back_leaves_the_token_in_use_and_ends_a_pause_dated_in_the_future()
    {
        await using SharedLogin login = await SharedLogin.StartAsync(new() { TimeProvider = _clock });
        CoordinatedTokenProvider provider = login.CreateProvider(services: Services());
        AccessToken first = await provider.GetAccessTokenAsync();

        _clock.JumpWallClock(TimeSpan.FromHours(-1));
        AccessToken afterStep = await provider.GetAccessTokenAsync();
        _clock.Advance(TimeSpan.FromHours(3));
        login.Server.EnqueueTokenBehavior(TokenEndpointBehavior.Throttle(429, TimeSpan.FromMinutes(5)));
        await provider.Awaiting(p => p.GetAccessTokenAsync().AsTask()).Should().ThrowAsync<TokenEndpointUnavailableException>();
        _clock.JumpWallClock(TimeSpan.FromMinutes(-30));
        AccessToken next = await provider.GetAccessTokenAsync();

        afterStep.Should().BeSameAs(first);
        next.Value.Should().NotBe(first.Value);
        login.Server.Books.TokenRequests.Should().Be(2);
    }

    [Theory]
    [FailureMode("F73", "F96")]
    [InlineData(null)]
    [InlineData("0")]
    [InlineData("null")]
    [InlineData("-5")]
    public async Task A_token_of_unknown_expiry_is_saved_as_such_and_used_by_everyone_until_it_is_rejected(string? expiresIn)
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _clock });
        login.Server.EnqueueTokenBehavior(TokenEndpointBehavior.Member("expires_in", expiresIn));

        AccessToken token = await login.CreateProvider(services: Services()).GetAccessTokenAsync();
        CoordinatedTokenProvider second = login.CreateProvider(services: Services());
        for (int i = 0; i < 10; i++)
        {
            (await second.GetAccessTokenAsync()).Value.Should().Be(token.Value);
            _clock.Advance(TimeSpan.FromDays(1));
        }

        token.ExpiresAt.Should().BeNull();
        (await File.ReadAllTextAsync(login.Path)).Should().Contain("\"expiresAt\": null", "neither the old one nor 0");
        login.Server.Books.TokenRequests.Should().Be(1);
        AccessToken next = await second.RefreshAccessTokenAsync(token);
        next.ExpiresAt.Should().Be(_clock.GetUtcNow().AddHours(1));
        login.Server.Books.TokenRequests.Should().Be(2);
    }

    [Fact]
    [FailureMode("F73")]
    public async Task A_lifetime_in_a_string_counts()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _clock });
        login.Server.EnqueueTokenBehavior(TokenEndpointBehavior.Member("expires_in", "\"1800\""));

        AccessToken token = await login.CreateProvider(services: Services()).GetAccessTokenAsync();

        token.ExpiresAt.Should().Be(_clock.Start.AddMinutes(30));
    }

    [Fact]
    [FailureMode("F73")]
    public async Task Without_a_lifetime_the_expiry_of_a_jwt_counts()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _clock, JwtAccessTokens = true });
        login.Server.EnqueueTokenBehavior(TokenEndpointBehavior.Member("expires_in", null));

        AccessToken token = await login.CreateProvider(services: Services()).GetAccessTokenAsync();

        token.ExpiresAt.Should().Be(_clock.Start.AddHours(1));
        (await login.CreateProvider(services: Services()).GetAccessTokenAsync()).ExpiresAt.Should().Be(_clock.Start.AddHours(1));
    }

    [Fact]
    [FailureMode("F54")]
    public async Task Eight_providers_that_wake_at_the_same_instant_send_one_request()
    {
        await using SharedLogin login = await SharedLogin.StartAsync(new() { TimeProvider = _clock });
        CoordinatedTokenProvider[] providers = [.. Enumerable.Range(0, 8).Select(_ => login.CreateProvider(services: Services()))];
        foreach (CoordinatedTokenProvider provider in providers)
        {
            await provider.GetAccessTokenAsync();
        }

        _clock.JumpWallClock(TimeSpan.FromHours(9));
        AccessToken[] tokens = await Task.WhenAll(
            providers.SelectMany(p => Enumerable.Range(0, 4).Select(_ => Task.Run(async () => await p.GetAccessTokenAsync()))));

        tokens.Select(token => token.Value).Distinct().Should().ContainSingle();
        login.Server.Books.TokenRequests.Should().Be(1);
    }

    [Fact]
    public async Task A_valid_token_is_served_without_an_allocation()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        CoordinatedTokenProvider provider = login.CreateProvider();
        AccessToken expected = await provider.GetAccessTokenAsync();
        bool same = Read(provider, expected, 1000);

        long before = GC.GetAllocatedBytesForCurrentThread();
        same &= Read(provider, expected, 10_000);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        same.Should().BeTrue();
        allocated.Should().Be(0);
    }

    private static bool Read(CoordinatedTokenProvider provider, AccessToken expected, int times)
    {
        var same = true;
        for (int i = 0; i < times; i++)
        {
            ValueTask<AccessToken> token = provider.GetAccessTokenAsync();
            same &= token.IsCompletedSuccessfully && ReferenceEquals(token.Result, expected);
        }

        return same;
    }

    private CoordinatedTokenProviderServices Services() => new() { TimeProvider = _clock };
}
