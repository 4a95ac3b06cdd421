using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;

namespace TokenRefresh.Tests.Hosting;

public sealed class KeepFreshServiceTests : IDisposable
{
    private const int NotKept = 3001;
    private const int KeptAgain = 3002;
    private const int KeeperFailed = 3003;
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(10);
    private readonly ManualTimeProvider _clock = new();
    private readonly LogCollector _log = new();

    [Fact]
    public async Task A_host_replaces_each_token_ahead_of_its_expiry_without_any_request()
    {
        await using SharedLogin login = await StartAsync();
        using IHost host = Host(login);
        await host.StartAsync();

        await AdvanceToRefreshAsync(login, TimeSpan.FromMinutes(53));
        await AdvanceToRefreshAsync(login, TimeSpan.FromMinutes(53));
        await host.StopAsync();

        login.Books.Should().BeEquivalentTo(new { TokenRequests = 2, Reuses = 0 });
    }

    [Fact]
    public async Task Hosts_that_share_a_login_refresh_it_once()
    {
        await using SharedLogin login = await StartAsync();
        using IHost one = Host(login);
        using IHost two = Host(login);
        using IHost three = Host(login);
        IHost[] all = [one, two, three];
        await Task.WhenAll(all.Select(host => host.StartAsync()));

        await AdvanceToRefreshAsync(login, TimeSpan.FromMinutes(53));
        _clock.Advance(Look);
        await Task.WhenAll(all.Select(host => TokensOf(host).GetAccessTokenAsync().AsTask()));
        await Task.WhenAll(all.Select(host => host.StopAsync()));

        login.Books.Should().BeEquivalentTo(new { TokenRequests = 1, Reuses = 0 });
    }

    [Fact]
    public async Task A_user_who_must_sign_in_is_told_of_once_and_a_new_login_too()
    {
        await using SharedLogin login = await StartAsync();
        login.StoreExpired();
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.Error("invalid_grant");
        using IHost host = Host(login);
        await host.StartAsync();

        await _log.WaitForAsync(NotKept);
        await _clock.WaitForTimerDueInAsync(Look);
        _clock.Advance(Look);
        await _clock.WaitForTimerDueInAsync(Look);
        login.StoreValid();
        _clock.Advance(Look);
        await _log.WaitForAsync(KeptAgain);
        await host.StopAsync();

        _log.CountOf(NotKept).Should().Be(1);
        _log.Text.Should().Contain("Sign in again");
        login.Books.TokenRequests.Should().Be(1);
    }

    [Fact]
    public async Task Tokens_that_are_due_at_once_are_replaced_once_a_minute()
    {
        await using SharedLogin login = await StartAsync();
        login.StoreExpired();
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.Member("expires_in", "1");
        using IHost host = Host(login);
        await host.StartAsync();

        await login.Server.WaitForTokenRequestsAsync(1);
        for (var look = 1; look <= 5; look++)
        {
            await _clock.WaitForTimerDueInAsync(Look);
            _clock.Advance(Look);
        }

        await _clock.WaitForTimerDueInAsync(Look);
        int inAMinute = login.Books.TokenRequests;
        _clock.Advance(Look);
        await login.Server.WaitForTokenRequestsAsync(2);
        await host.StopAsync();

        inAMinute.Should().Be(1);
    }

    [Fact]
    public async Task A_service_asks_no_user_to_sign_in()
    {
        await using SharedLogin login = await StartAsync();
        login.StoreExpired();
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.Error("invalid_grant");
        var asked = 0;
        using IHost host = Host(login, builder => builder.Services.Configure<TokenRefreshOptions>(options => options.SignIn = _ =>
        {
            asked++;
            throw new NotSupportedException("There is no user.");
        }));
        await host.StartAsync();

        await _log.WaitForAsync(NotKept);
        await _clock.WaitForTimerDueInAsync(Look);
        _clock.Advance(TimeSpan.FromMinutes(2));
        await _clock.WaitForTimerDueInAsync(Look);
        await host.StopAsync();

        asked.Should().Be(0);
    }

    [Fact]
    public async Task A_store_that_breaks_does_not_end_the_host()
    {
        await using SharedLogin login = await StartAsync();
        using IHost host = Host(login, builder => builder.UseStore(_ => new BrokenStore()));
        await host.StartAsync();

        await _log.WaitForAsync(KeeperFailed);
        CancellationToken stopping = host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        bool isStopping = stopping.IsCancellationRequested;
        await host.StopAsync();

        isStopping.Should().BeFalse();
    }

    [Fact]
    public async Task A_wrong_margin_is_told_when_the_host_starts()
    {
        await using SharedLogin login = await StartAsync();
        using IHost host = Host(login, builder => builder.KeepFresh(options => options.Margin = TimeSpan.FromSeconds(1)));

        Func<Task> start = () => host.StartAsync();

        (await start.Should().ThrowAsync<OptionsValidationException>()).WithMessage("*'Margin' must be 00:00:30 to 1.00:00:00*");
    }

    [Fact]
    public void A_login_is_kept_fresh_by_one_service_however_often_that_is_asked_for()
    {
        var services = new ServiceCollection();

        services.AddTokenRefresh("one", _ => { }).KeepFresh().KeepFresh();
        services.AddTokenRefresh("two", _ => { }).KeepFresh(options => options.Margin = TimeSpan.FromHours(1));

        services.Count(service => service.ServiceType == typeof(IHostedService)).Should().Be(2);
    }

    public void Dispose() => _log.Dispose();

    private static CoordinatedTokenProvider TokensOf(IHost host) => host.Services.GetRequiredService<CoordinatedTokenProvider>();

    private Task<SharedLogin> StartAsync() =>
        SharedLogin.StartAsync(new LoopbackAuthorizationServerOptions { TimeProvider = _clock });

    private async Task AdvanceToRefreshAsync(SharedLogin login, TimeSpan time)
    {
        int before = login.Books.Grants;
        await _clock.WaitForTimerDueInAsync(Look);
        _clock.Advance(time);
        await login.Server.WaitForTokenRequestsAsync(before + 1);
        await login.Server.WaitForTokenRequestsToEndAsync();
    }

    private IHost Host(SharedLogin login, Action<ITokenRefreshBuilder>? more = null)
    {
        HostApplicationBuilder builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(null);
        builder.Services.Replace(ServiceDescriptor.Singleton<ILoggerFactory>(_log));
        builder.Services.AddSingleton<TimeProvider>(_clock);
        ITokenRefreshBuilder added = builder.Services.AddTokenRefresh(options =>
        {
            options.CredentialsPath = login.Path;
            options.TokenEndpoint = login.Server.TokenUri;
            options.ClientId = "tests";
        }).KeepFresh();
        more?.Invoke(added);
        return builder.Build();
    }

    private sealed class BrokenStore : ICredentialsStore
    {
        public string Location => "nowhere";

        public string LockPath => "nowhere";

        public ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default) =>
            throw new TimeZoneNotFoundException("no such thing");

        public ValueTask<ReadOnlyMemory<byte>> ReadRecordAsync(CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public ValueTask<LockHolder?> ReadHolderAsync(CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public ValueTask<ICredentialsLease?> AcquireLeaseAsync(TimeSpan timeout, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public Task WaitForChangeAsync(CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();
    }
}
