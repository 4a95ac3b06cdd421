using System.Diagnostics;
using FluentAssertions;
using Microsoft.Extensions.Logging;
using TokenRefresh.Hosting;
using TokenRefresh.Tool.Commands;

namespace TokenRefresh.Tool.Tests;

public sealed class KeepFreshTests : IDisposable
{
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan OwnerMargin = TimeSpan.FromMinutes(5);
    private readonly ManualTimeProvider _clock = new();
    private readonly StringWriter _lines = new();

    [Fact]
    public async Task A_token_is_replaced_between_our_margin_and_the_owner_s()
    {
        await using SharedLogin login = await StartAsync();
        await using CoordinatedTokenProvider tokens = Provider(login);
        FreshKeeper keeper = Keeper(tokens);

        await keeper.LookAsync(default);
        _clock.Advance(TimeSpan.FromMinutes(49));
        await keeper.LookAsync(default);
        int early = login.Books.TokenRequests;
        _clock.Advance(TimeSpan.FromMinutes(3.1));
        await keeper.LookAsync(default);
        await login.Server.WaitForTokenRequestsAsync(1);

        early.Should().Be(0);
        (login.Login.Credentials.ExpiresAt - _clock.GetUtcNow()).Should().BeGreaterThan(OwnerMargin);
    }

    [Fact]
    public async Task Several_share_the_work()
    {
        await using SharedLogin login = await StartAsync();
        CoordinatedTokenProvider[] all = [Provider(login), Provider(login), Provider(login)];
        FreshKeeper[] keepers = [.. all.Select(Keeper)];
        _clock.Advance(TimeSpan.FromMinutes(53));

        await Task.WhenAll(keepers.Select(keeper => keeper.LookAsync(default)));
        await login.Server.WaitForTokenRequestsAsync(1);
        await login.Server.WaitForTokenRequestsToEndAsync();
        await DisposeAsync(all);
        await using CoordinatedTokenProvider next = Provider(login);
        AccessToken token = await next.GetAccessTokenAsync();

        login.Books.TokenRequests.Should().Be(1);
        token.ExpiresAt.Should().BeAfter(_clock.GetUtcNow() + TimeSpan.FromMinutes(50));
    }

    [Fact]
    public async Task After_a_sleep_past_the_expiry_the_next_look_refreshes_at_once()
    {
        await using SharedLogin login = await StartAsync();
        await using CoordinatedTokenProvider tokens = Provider(login);
        FreshKeeper keeper = Keeper(tokens);
        await keeper.LookAsync(default);

        _clock.JumpWallClock(TimeSpan.FromHours(9));
        _clock.Advance(TimeSpan.FromSeconds(10));
        await keeper.LookAsync(default);

        login.Books.Grants.Should().Be(1);
        (await tokens.GetStatusAsync()).AccessTokenExpiresAt.Should().BeAfter(_clock.GetUtcNow());
    }

    [Fact]
    public async Task Another_login_that_expires_earlier_is_followed()
    {
        await using SharedLogin login = await StartAsync();
        await using CoordinatedTokenProvider tokens = Provider(login);
        FreshKeeper keeper = Keeper(tokens);
        await keeper.LookAsync(default);

        login.Store(login.Server.IssueLogin(TimeSpan.FromMinutes(20)));
        await keeper.LookAsync(default);
        int requests = login.Books.TokenRequests;
        _clock.Advance(TimeSpan.FromMinutes(13));
        await keeper.LookAsync(default);
        await login.Server.WaitForTokenRequestsAsync(1);

        requests.Should().Be(0);
    }

    [Fact]
    public async Task A_token_that_lives_less_than_two_margins_is_replaced_when_half_of_its_life_is_over()
    {
        await using SharedLogin login = await StartAsync();
        login.Server.AccessTokenLifetime = TimeSpan.FromMinutes(8);
        await using CoordinatedTokenProvider tokens = Provider(login);
        FreshKeeper keeper = Keeper(tokens);
        _clock.Advance(TimeSpan.FromMinutes(55));

        await keeper.LookAsync(default);
        int first = login.Books.Grants;
        _clock.Advance(TimeSpan.FromMinutes(3.9));
        await keeper.LookAsync(default);
        int early = login.Books.Grants;
        _clock.Advance(TimeSpan.FromMinutes(1));
        await keeper.LookAsync(default);

        (first, early, login.Books.Grants).Should().Be((1, 1, 2));
    }

    [Fact]
    public async Task A_failing_endpoint_is_asked_again_after_pauses_only()
    {
        await using SharedLogin login = await StartAsync();
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.Throttle(503, retryAfter: null);
        await using CoordinatedTokenProvider tokens = Provider(login);
        FreshKeeper keeper = Keeper(tokens);
        _clock.Advance(TimeSpan.FromMinutes(53));

        for (int i = 0; i < 30; i++)
        {
            await keeper.LookAsync(default);
            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        login.Books.TokenRequests.Should().BeInRange(1, 6);
        (await tokens.GetAccessTokenAsync()).Value.Should().Be(login.Login.Credentials.AccessToken);
    }

    [Fact]
    public async Task A_look_after_its_own_refresh_costs_nothing_whatever_the_file_rounds()
    {
        await using SharedLogin login = await StartAsync();
        await using CoordinatedTokenProvider tokens = Provider(login);
        FreshKeeper keeper = Keeper(tokens);
        _clock.Advance(TimeSpan.FromMinutes(61) + TimeSpan.FromTicks(12345));

        await keeper.LookAsync(default);
        await keeper.LookAsync(default);
        await keeper.LookAsync(default);

        login.Books.TokenRequests.Should().Be(1);
    }

    [Fact]
    public async Task A_problem_is_told_once_and_so_is_its_end()
    {
        await using SharedLogin login = await StartAsync();
        File.Delete(login.Path);
        await using CoordinatedTokenProvider tokens = Provider(login);
        FreshKeeper keeper = Keeper(tokens);

        await keeper.LookAsync(default);
        await keeper.LookAsync(default);
        login.StoreValid();
        await keeper.LookAsync(default);

        string[] lines = _lines.ToString().TrimEnd().Split('\n');
        lines.Where(line => line.Contains("There is no login", StringComparison.Ordinal)).Should().ContainSingle();
        lines[^1].Should().EndWith("The login is usable again.");
    }

    [Theory]
    [InlineData("6", "5")]
    [InlineData("10", "8")]
    public async Task A_margin_that_leaves_the_owner_the_first_move_is_refused(string margin, string owner)
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        using var host = TestHost.Of(login);

        int code = await host.RunAsync("keep-fresh", "--margin", margin, "--owner-margin", owner);

        code.Should().Be(ExitCode.Usage);
        host.Errors.Should().Contain("'--owner-margin'").And.MatchRegex(@"Use a margin of \d+ minutes or more");
    }

    [Fact]
    public async Task A_signal_ends_it_after_the_exchange_that_runs()
    {
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        using ParkedRequest parked = login.Server.ParkNextTokenRequest();
        using Process process = Process.Start(ToolProcess.StartInfo(login, "keep-fresh"))!;
        await ToolProcess.ReadUntilAsync(process.StandardError, "Keeping");
        await parked.Arrived;

        ToolProcess.Signal(process, "TERM");
        parked.Release();
        await ToolProcess.ReadUntilAsync(process.StandardError, "Ended");
        await process.WaitForExitAsync();

        process.ExitCode.Should().Be(ExitCode.Healthy);
        await using CoordinatedTokenProvider next = login.CreateProvider();
        login.Server.IsAccepted((await next.GetAccessTokenAsync()).Value).Should().BeTrue();
        login.Books.TokenRequests.Should().Be(1);
    }

    public void Dispose() => _lines.Dispose();

    private static async Task DisposeAsync(CoordinatedTokenProvider[] all)
    {
        foreach (CoordinatedTokenProvider provider in all)
        {
            await provider.DisposeAsync();
        }
    }

    private Task<SharedLogin> StartAsync() =>
        SharedLogin.StartAsync(new LoopbackAuthorizationServerOptions { TimeProvider = _clock });

    private CoordinatedTokenProvider Provider(SharedLogin login)
    {
        using var host = TestHost.Of(login);
        return KeepFreshCommand.CreateProvider(Configuration.Read(host, _ => null), Log(), _clock);
    }

    private FreshKeeper Keeper(CoordinatedTokenProvider tokens) => new(tokens, Margin, Log(), _clock);

    private ToolLog Log() => new(TextWriter.Synchronized(_lines), LogLevel.Warning, _clock);
}
