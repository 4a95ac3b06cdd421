using System.Collections.Concurrent;
using FluentAssertions;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;
using TokenRefresh.Tests.Credentials;
using TokenRefresh.Tests.Refresh;

namespace TokenRefresh.Tests;

public sealed class TokenProviderPoolTests
{
    private static readonly TimeSpan Idle = TimeSpan.FromMinutes(10);
    private readonly ManualTimeProvider _clock = new();
    private int _made;

    [Fact]
    public async Task Each_key_has_one_provider_and_one_request_however_many_ask()
    {
        await using LoopbackAuthorizationServer server = await StartAsync();
        await using TokenProviderPool pool = Pool(server);

        AccessToken[] tokens = await Task.WhenAll(Enumerable.Range(0, 200)
            .Select(i => Task.Run(async () => await pool.Get($"key {i % 4}").GetAccessTokenAsync())));

        tokens.Select(token => token.Value).Distinct().Should().HaveCount(4).And.OnlyContain(token => server.IsAccepted(token));
        server.Books.TokenRequests.Should().Be(4);
        pool.Count.Should().Be(4);
    }

    [Fact]
    public async Task A_provider_that_was_idle_goes_and_the_next_call_costs_no_request()
    {
        await using LoopbackAuthorizationServer server = await StartAsync();
        await using TokenProviderPool pool = Pool(server);
        ITokenProvider tokens = pool.Get("a");
        AccessToken first = await tokens.GetAccessTokenAsync();

        _clock.Advance(Idle - TimeSpan.FromSeconds(1));
        int before = pool.Count;
        _clock.Advance(Idle);
        int after = pool.Count;
        AccessToken second = await tokens.GetAccessTokenAsync();

        (before, after).Should().Be((1, 0));
        second.Value.Should().Be(first.Value);
        _made.Should().Be(2);
        server.Books.TokenRequests.Should().Be(1);
    }

    [Fact]
    public async Task Beyond_its_capacity_the_least_recently_used_go()
    {
        await using LoopbackAuthorizationServer server = await StartAsync();
        await using TokenProviderPool pool = Pool(server, capacity: 3);

        foreach (string key in new[] { "a", "b", "c", "a", "d" })
        {
            await pool.Get(key).GetAccessTokenAsync();
        }

        int made = _made;
        await pool.Get("a").GetAccessTokenAsync();
        int again = _made;
        await pool.Get("b").GetAccessTokenAsync();

        pool.Count.Should().Be(3);
        (made, again, _made).Should().Be((4, 4, 5));
        server.Books.TokenRequests.Should().Be(4);
    }

    [Fact]
    public async Task A_provider_in_use_stays_though_it_is_over_the_capacity_and_old()
    {
        await using LoopbackAuthorizationServer server = await StartAsync();
        await using TokenProviderPool pool = Pool(server, capacity: 1);
        using ParkedRequest parked = server.ParkNextTokenRequest();
        Task<AccessToken> waiting = pool.Get("a").GetAccessTokenAsync().AsTask();
        await parked.Arrived;

        await pool.Get("b").GetAccessTokenAsync();
        int count = pool.Count;
        parked.Release();
        AccessToken token = await waiting;

        count.Should().BeInRange(1, 2);
        server.IsAccepted(token.Value).Should().BeTrue();
        _made.Should().Be(2);
        server.Books.Should().BeEquivalentTo(new { TokenRequests = 2, Reuses = 0 });
    }

    [Fact]
    public async Task A_refresh_whose_callers_have_left_is_not_lost_with_its_provider()
    {
        await using LoopbackAuthorizationServer server = await StartAsync();
        await using TokenProviderPool pool = Pool(server, capacity: 1);
        using ParkedRequest parked = server.ParkNextTokenRequest(ParkPoint.AfterProcessing);
        using var leaving = new CancellationTokenSource();
        Task<AccessToken> left = pool.Get("a").GetAccessTokenAsync(leaving.Token).AsTask();
        await parked.Arrived;
        await leaving.CancelAsync();
        await FluentActions.Awaiting(() => left).Should().ThrowAsync<OperationCanceledException>();

        await pool.Get("b").GetAccessTokenAsync();
        Task<AccessToken> next = pool.Get("a").GetAccessTokenAsync().AsTask();
        parked.Release();
        AccessToken token = await next;

        _made.Should().Be(2);
        server.IsAccepted(token.Value).Should().BeTrue();
        server.Books.Should().BeEquivalentTo(new { TokenRequests = 2, Reuses = 0 });
    }

    [Fact]
    public async Task A_provider_whose_tokens_could_not_be_saved_stays_until_they_are()
    {
        await using SharedLogin login = await SharedLogin.StartAsync(new LoopbackAuthorizationServerOptions { TimeProvider = _clock });
        login.StoreExpired();
        var files = new FileOperationsSpy { Before = operation => _ = operation == "temp.flush" ? throw new IOException("full") : 0 };
        using Stores.FileCredentialsStore store = login.CreateStore(files, _clock);
        await using var pool = new TokenProviderPool(
            _ => CoordinatedTokenProvider.Create(
                options => (options.TokenEndpoint, options.ClientId) = (login.Server.TokenUri, "tests"),
                new() { CredentialsStore = store, TimeProvider = _clock }),
            new TokenProviderPoolOptions { IdleTimeout = Idle, Capacity = 1 },
            _clock);
        AccessToken token = await pool.Get("a").GetAccessTokenAsync();

        _clock.Advance(Idle * 2);
        int kept = pool.Count;
        files.Before = null;
        await pool.DisposeAsync();

        kept.Should().Be(1);
        (await File.ReadAllTextAsync(login.Path)).Should().Contain(token.Value);
    }

    [Fact]
    public async Task What_the_function_throws_is_the_caller_s_and_the_next_call_tries_again()
    {
        await using LoopbackAuthorizationServer server = await StartAsync();
        await using TokenProviderPool pool = Pool(server);
        await using var failing = new TokenProviderPool(key => key == "a" ? throw new FormatException("no such tenant") : null!);

        Func<Task> thrown = () => failing.Get("a").GetAccessTokenAsync().AsTask();
        Func<Task> nothing = () => failing.Get("b").GetAccessTokenAsync().AsTask();

        await thrown.Should().ThrowAsync<FormatException>();
        await nothing.Should().ThrowAsync<InvalidOperationException>();
        failing.Count.Should().Be(0);
    }

    [Fact]
    public async Task After_its_disposal_it_says_so()
    {
        await using LoopbackAuthorizationServer server = await StartAsync();
        TokenProviderPool pool = Pool(server);
        await pool.Get("a").GetAccessTokenAsync();

        await pool.DisposeAsync();
        await pool.DisposeAsync();
        Func<Task> late = () => pool.Get("a").GetAccessTokenAsync().AsTask();

        await late.Should().ThrowAsync<ObjectDisposedException>();
        pool.Count.Should().Be(0);
    }

    [Fact]
    public async Task Each_key_has_its_header_its_rejections_and_its_sign_in()
    {
        await using LoopbackAuthorizationServer server = await StartAsync();
        await using TokenProviderPool pool = Pool(server, header: "X-Token");
        ITokenProvider tokens = pool.Get("a");
        AccessToken first = await tokens.GetAccessTokenAsync();

        AccessToken second = await tokens.RefreshAccessTokenAsync(first);
        TokenRefreshState state = await pool.UseAsync("a", async provider =>
        {
            await provider.RemoveAsync();
            return (await provider.GetStatusAsync()).State;
        });

        tokens.HeaderName.Should().Be("X-Token");
        second.Value.Should().NotBe(first.Value);
        state.Should().Be(TokenRefreshState.SignedOut);
    }

    private Task<LoopbackAuthorizationServer> StartAsync() =>
        LoopbackAuthorizationServer.StartAsync(new LoopbackAuthorizationServerOptions { TimeProvider = _clock });

    private TokenProviderPool Pool(LoopbackAuthorizationServer server, int capacity = 100, string header = "Authorization")
    {
        var stores = new ConcurrentDictionary<string, InMemoryCredentialsStore>(StringComparer.Ordinal);
        return new TokenProviderPool(
            key =>
            {
                Interlocked.Increment(ref _made);
                return CoordinatedTokenProvider.Create(
                    options => (options.TokenEndpoint, options.ClientId, options.HeaderName) = (server.TokenUri, "tests", header),
                    new()
                    {
                        CredentialsStore = stores.GetOrAdd(
                            key, _ => new InMemoryCredentialsStore(server.IssueLogin(TimeSpan.FromMinutes(-1)).Credentials)),
                        TimeProvider = _clock,
                    });
            },
            new TokenProviderPoolOptions { Capacity = capacity, IdleTimeout = Idle },
            _clock);
    }
}
