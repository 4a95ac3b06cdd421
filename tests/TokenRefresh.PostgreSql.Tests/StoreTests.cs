using System.Text;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.PostgreSql.Tests.Support;
using TokenRefresh.TestKit;

namespace TokenRefresh.PostgreSql.Tests;

/// <summary>The store by itself: its options, its registration, its clock, what else stands in a row.</summary>
public sealed class StoreTests(PostgreSqlServer server)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("Logins")]
    [InlineData("a.b.c")]
    [InlineData("a; DROP TABLE b")]
    [InlineData("1a")]
    [InlineData("")]
    public void A_table_s_name_that_is_none_is_refused(string table) =>
        ShouldBeRefused(options => options.Table = table, "*'Table'*");

    [Fact]
    public void Options_out_of_their_ranges_are_refused()
    {
        ShouldBeRefused(options => options.ConnectionString = null, "*'DataSource' or 'ConnectionString'*");
        ShouldBeRefused(options => options.Name = "", "*'Name'*");
        ShouldBeRefused(options => options.Name = new string('a', 201), "*'Name'*");
        ShouldBeRefused(options => options.CommandTimeout = TimeSpan.FromMilliseconds(999), "*'CommandTimeout'*");
        ShouldBeRefused(options => options.RefreshTimeout = TimeSpan.FromMinutes(11), "*'RefreshTimeout'*");
        ShouldBeRefused(options => options.SaveTimeout = TimeSpan.Zero, "*'SaveTimeout'*");
        ShouldBeRefused(options => options.RefreshTimeout = options.CommandTimeout, "*'CommandTimeout'*less than*'RefreshTimeout'*");
        ShouldBeRefused(options => options.FileFormat = null!, "*FileFormat*");
    }

    [Fact]
    public async Task A_registered_login_is_kept_in_the_row_of_its_name()
    {
        server.SkipIfMissing();
        string name = Guid.NewGuid().ToString("N");
        await using LoopbackAuthorizationServer endpoint = await LoopbackAuthorizationServer.StartAsync();
        var services = new ServiceCollection();
        services.Configure<PostgreSqlStoreOptions>(name, options => options.CommandTimeout = TimeSpan.FromSeconds(7));
        services
            .AddTokenRefresh(name, options =>
            {
                (options.TokenEndpoint, options.ClientId) = (endpoint.TokenUri, "tests");
                options.RefreshTimeout = TimeSpan.FromSeconds(12);
                options.AttemptTimeout = TimeSpan.FromSeconds(10);
                options.SaveTimeout = TimeSpan.FromSeconds(3);
            })
            .UsePostgreSql((_, options) => options.DataSource = server.DataSource);
        await using ServiceProvider container = services.BuildServiceProvider();
        var provider = container.GetRequiredKeyedService<CoordinatedTokenProvider>(name);
        var store = (PostgreSqlCredentialsStore)container.GetRequiredKeyedService<ICredentialsStore>(name);

        await provider.StoreAsync(endpoint.IssueLogin().Credentials, Cancellation);

        endpoint.IsAccepted((await provider.GetAccessTokenAsync(Cancellation)).Value).Should().BeTrue();
        store.OutcomeTimeout.Should().Be(TimeSpan.FromSeconds(15));
        store.CommandTimeout.Should().Be(TimeSpan.FromSeconds(7));
        store.Location.Should().EndWith($"/postgres/token_refresh/{name}");
        (await server.QueryAsync("SELECT count(*) FROM token_refresh WHERE name = $1", name)).Should().Be(1L);
    }

    [Fact]
    public async Task What_else_stands_in_the_document_stays()
    {
        server.SkipIfMissing();
        await using var row = new Row(server);
        await row.StoreAsync(Row.First);
        await server.QueryAsync(
            "UPDATE token_refresh SET document = convert_to(replace(convert_from(document, 'UTF8'), '{', '{\"team\": \"a\",'), 'UTF8')"
            + " WHERE name = $1",
            row.Name);

        await row.StoreAsync(Row.Second);

        string document = Encoding.UTF8.GetString((byte[])(await row.QueryAsync("document"))!);
        document.Should().Contain("\"team\": \"a\"").And.Contain(Row.Second.RefreshToken).And.NotContain(Row.First.RefreshToken);
    }

    [Fact]
    public async Task A_sign_in_elsewhere_is_waited_for_and_leaves_the_lease_free()
    {
        server.SkipIfMissing();
        await using var row = new Row(server);
        PostgreSqlCredentialsStore one = row.NewStore();
        PostgreSqlCredentialsStore other = row.NewStore();
        IAsyncDisposable? right = await one.AcquireSignInLeaseAsync(Cancellation);
        Task<IAsyncDisposable?> waiting = other.AcquireSignInLeaseAsync(Cancellation).AsTask();
        await using (ICredentialsLease lease = await Row.AcquireAsync(other))
        {
            waiting.IsCompleted.Should().BeFalse();
        }

        await right!.DisposeAsync();

        await using IAsyncDisposable? next = await waiting.WaitAsync(TimeSpan.FromSeconds(10), TimeProvider.System, Cancellation);
        next.Should().NotBeNull();
    }

    [Fact]
    public void The_clock_follows_the_server_and_ignores_what_a_slow_read_explains()
    {
        var own = new ManualTimeProvider();
        var clock = new ServerClock(own);
        DateTimeOffset now = own.GetUtcNow();

        clock.Note(now + TimeSpan.FromMilliseconds(900), now, now);
        clock.Difference.Should().Be(TimeSpan.Zero, "clocks that are synchronized differ by so much");
        clock.Note(now + TimeSpan.FromSeconds(4), now, now + TimeSpan.FromSeconds(3));
        clock.Difference.Should().Be(TimeSpan.Zero, "the answer took as long");
        clock.Note(now + TimeSpan.FromHours(1), now, now);
        clock.GetUtcNow().Should().Be(now + TimeSpan.FromHours(1));
        clock.Note(now + TimeSpan.FromMilliseconds(100), now, now);
        clock.GetUtcNow().Should().Be(now, "the clock was put right");
    }

    [Fact]
    public void A_holder_is_read_from_its_mark_and_from_nothing_else()
    {
        DateTimeOffset since = DateTimeOffset.FromUnixTimeMilliseconds(1_764_000_000_123);

        string mark = HolderMark.New(since);

        mark.Length.Should().BeLessThanOrEqualTo(63);
        HolderMark.Read(mark).Should().BeEquivalentTo(new { ProcessId = Environment.ProcessId, Since = since });
        HolderMark.New(since).Should().NotBe(mark, "each lease has its own");
        foreach (string? other in new[] { null, "", "psql", "1 2 3", "x y 1 a@b", "1 y x a@b", "99999999999999999 y 1 a@b" })
        {
            HolderMark.Read(other).Should().BeNull();
        }
    }

    private static void ShouldBeRefused(Action<PostgreSqlStoreOptions> configure, string message)
    {
        var options = new PostgreSqlStoreOptions { ConnectionString = "Host=none" };
        configure(options);
        Func<object> create = () => new PostgreSqlCredentialsStore(options);
        create.Should().Throw<TokenRefreshConfigurationException>().WithMessage(message);
    }
}
