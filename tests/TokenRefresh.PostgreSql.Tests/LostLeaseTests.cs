using FluentAssertions;
using Npgsql;
using TokenRefresh.Endpoint;
using TokenRefresh.PostgreSql.Tests.Support;

namespace TokenRefresh.PostgreSql.Tests;

/// <summary>The server frees the lock of a connection that is lost, while its holder may be sending.</summary>
public sealed class LostLeaseTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly PostgreSqlServer _server;
    private readonly Row _row;

    public LostLeaseTests(PostgreSqlServer server) => (_server, _row) = (server, new Row(server));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server.SkipIfMissing();
        await _row.StoreAsync(Row.First);
    }

    public ValueTask DisposeAsync() => _row.DisposeAsync();

    [Fact]
    public async Task A_holder_that_lost_its_connection_may_send_nothing_and_the_next_one_goes_on_at_once()
    {
        PostgreSqlCredentialsStore one = _row.NewStore();
        PostgreSqlCredentialsStore other = _row.NewStore();
        await using ICredentialsLease lost = await Row.AcquireAsync(one);
        (await lost.PrepareAsync(Cancellation)).Should().BeTrue();

        await _row.TerminateHolderAsync(one);

        await using ICredentialsLease? next = await other.AcquireLeaseAsync(TimeSpan.Zero, Cancellation);
        next.Should().NotBeNull();
        Func<Task> attempt = () => lost.WriteRecordAsync("attempt"u8.ToArray(), durable: true, Cancellation).AsTask();
        await attempt.Should().ThrowAsync<LockUnavailableException>();
        await attempt.Should().ThrowAsync<LockUnavailableException>("it is asked again");
        (await lost.PrepareAsync(Cancellation)).Should().BeFalse();
        (await _row.QueryAsync("length(record)")).Should().Be(0);
    }

    [Fact]
    public async Task A_provider_whose_lease_is_lost_before_it_sends_starts_over_and_sends_once()
    {
        PostgreSqlCredentialsStore store = _row.NewStore();
        await _row.StoreAsync(new OAuthCredentials("old", "old-refresh", TimeProvider.System.GetUtcNow() - TimeSpan.FromMinutes(1)));
        var endpoint = new LosingEndpoint(() => _row.TerminateHolderAsync(store));
        await using var provider = CoordinatedTokenProvider.Create(
            _ => { },
            new CoordinatedTokenProviderServices { CredentialsStore = store, TokenEndpointClient = endpoint });

        AccessToken token = await provider.GetAccessTokenAsync(Cancellation);

        token.Value.Should().Be("new");
        (endpoint.Calls, endpoint.Sent).Should().Be((2, 1));
        (await store.ReadAsync(Cancellation))!.RefreshToken.Should().Be("new-refresh");
    }

    [Fact]
    public async Task A_row_that_was_changed_by_hand_since_it_was_read_is_read_again_before_anything_is_sent()
    {
        PostgreSqlCredentialsStore store = _row.NewStore();
        ICredentialsLease lease = await Row.AcquireAsync(store);
        (await lease.PrepareAsync(Cancellation)).Should().BeTrue();
        await _server.QueryAsync("UPDATE token_refresh SET version = version + 1 WHERE name = $1", _row.Name);

        Func<Task> attempt = () => lease.WriteRecordAsync("attempt"u8.ToArray(), durable: true, Cancellation).AsTask();

        await attempt.Should().ThrowAsync<LockUnavailableException>("a new lease reads anew");
        await lease.DisposeAsync();
        await using ICredentialsLease next = await Row.AcquireAsync(_row.NewStore());
    }

    [Fact]
    public async Task Others_wait_as_long_as_the_outcome_of_an_attempt_may_come_and_no_longer()
    {
        PostgreSqlCredentialsStore one = _row.NewImpatientStore();
        PostgreSqlCredentialsStore other = _row.NewStore();
        await using ICredentialsLease lost = await Row.AttemptAsync(one);
        long start = TimeProvider.System.GetTimestamp();

        await _row.TerminateHolderAsync(one);

        (await other.AcquireLeaseAsync(TimeSpan.Zero, Cancellation)).Should().BeNull();
        (await other.ReadHolderAsync(Cancellation))!.ProcessId.Should().Be(Environment.ProcessId);
        await using ICredentialsLease? next = await other.AcquireLeaseAsync(Patience, Cancellation);
        next.Should().NotBeNull();
        TimeProvider.System.GetElapsedTime(start).Should().BeGreaterThan(TimeSpan.FromSeconds(0.9));
        (await other.ReadRecordAsync(Cancellation)).ToArray().Should().Equal("attempt"u8.ToArray(), "the replay rule goes by it");
    }

    [Theory]
    [InlineData(10, true)]
    [InlineData(12, false)]
    public async Task An_attempt_further_ahead_than_any_may_be_is_of_a_clock_that_was_set_back(int minutes, bool isPending)
    {
        PostgreSqlCredentialsStore one = _row.NewStore();
        await using ICredentialsLease lost = await Row.AttemptAsync(one);
        await _row.TerminateHolderAsync(one);
        await _server.QueryAsync(
            "UPDATE token_refresh SET attempt_until = clock_timestamp() + make_interval(mins => $2) WHERE name = $1", _row.Name, minutes);

        await using ICredentialsLease? next = await _row.NewStore().AcquireLeaseAsync(TimeSpan.Zero, Cancellation);

        (next is null).Should().Be(isPending);
    }

    [Fact]
    public async Task A_look_at_a_pending_attempt_wakes_no_one()
    {
        PostgreSqlCredentialsStore one = _row.NewStore();
        PostgreSqlCredentialsStore other = _row.NewStore();
        await using ICredentialsLease lost = await Row.AttemptAsync(one);
        await _row.TerminateHolderAsync(one);
        var told = new List<string>();
        await using NpgsqlConnection listener = await _server.DataSource.OpenConnectionAsync(Cancellation);
        listener.Notification += (_, notification) => told.Add(notification.Payload);
        await Statements.RunAsync(listener, $"LISTEN {ChangeFeed.Channel}");

        (await other.AcquireLeaseAsync(TimeSpan.Zero, Cancellation)).Should().BeNull();

        await _server.QueryAsync("SELECT pg_notify($1, $2)::text", ChangeFeed.Channel, _row.Name);
        while (!told.Contains(_row.Name))
        {
            await listener.WaitAsync(Cancellation);
        }

        await Statements.RunAsync(listener, "UNLISTEN *");
        told.Should().NotContain(other.ReleasedPayload);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_came_of_an_attempt_whose_connection_was_lost_is_kept_and_ends_the_wait_of_the_others(bool isSuccess)
    {
        PostgreSqlCredentialsStore one = _row.NewStore();
        PostgreSqlCredentialsStore other = _row.NewStore();
        ICredentialsLease lost = await Row.AttemptAsync(one);
        await _row.TerminateHolderAsync(one);
        Task<ICredentialsLease?> waiting = other.AcquireLeaseAsync(TimeSpan.FromMinutes(1), Cancellation).AsTask();
        (await other.AcquireLeaseAsync(TimeSpan.Zero, Cancellation)).Should().BeNull();

        if (isSuccess)
        {
            (await lost.CommitAsync(Row.First, Row.Second, Cancellation)).IsCommitted.Should().BeTrue();
        }

        await lost.WriteRecordAsync("outcome"u8.ToArray(), durable: !isSuccess, Cancellation);
        await lost.DisposeAsync();

        await using ICredentialsLease? next = await waiting.WaitAsync(Patience, TimeProvider.System, Cancellation);
        (await next!.ReadAsync(Cancellation))!.RefreshToken.Should().Be((isSuccess ? Row.Second : Row.First).RefreshToken);
        (await other.ReadRecordAsync(Cancellation)).ToArray().Should().Equal("outcome"u8.ToArray());
    }

    [Fact]
    public async Task What_the_next_holder_has_written_is_not_overwritten_by_one_that_comes_too_late()
    {
        PostgreSqlCredentialsStore one = _row.NewImpatientStore();
        PostgreSqlCredentialsStore other = _row.NewStore();
        await using ICredentialsLease late = await Row.AttemptAsync(one);
        await _row.TerminateHolderAsync(one);
        await using ICredentialsLease next = await Row.AttemptAsync(other);
        (await next.CommitAsync(Row.First, Row.Second, Cancellation)).IsCommitted.Should().BeTrue();

        CredentialsCommit commit = await late.CommitAsync(Row.First, Row.Third, Cancellation);
        Func<Task> record = () => late.WriteRecordAsync("late"u8.ToArray(), durable: false, Cancellation).AsTask();

        commit.IsCommitted.Should().BeFalse();
        commit.Current!.RefreshToken.Should().Be(Row.Second.RefreshToken);
        await record.Should().ThrowAsync<LockUnavailableException>();
        (await other.ReadRecordAsync(Cancellation)).ToArray().Should().Equal("attempt"u8.ToArray());
    }

    [Fact]
    public async Task A_lease_that_is_given_back_leaves_no_lock_in_the_pool_however_its_statements_ended()
    {
        PostgreSqlCredentialsStore one = _row.NewStore(settings: "Maximum Pool Size=4");
        PostgreSqlCredentialsStore other = _row.NewStore();
        for (var round = 0; round < 10; round++)
        {
            ICredentialsLease lease = await Row.AttemptAsync(one);
            if (round % 2 == 0)
            {
                await _row.TerminateHolderAsync(one);
            }

            await lease.DisposeAsync();

            ICredentialsLease? next = await other.AcquireLeaseAsync(TimeSpan.Zero, Cancellation);
            next.Should().NotBeNull();
            await next!.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_server_that_crashes_and_comes_back_keeps_what_was_committed_and_no_lease()
    {
        await using var server = new PostgreSqlServer();
        await server.InitializeAsync();
        await using var row = new Row(server);
        await row.StoreAsync(Row.First);
        PostgreSqlCredentialsStore other = row.NewStore();
        ICredentialsLease lost = await Row.AttemptAsync(row.NewStore());
        await other.ReadAsync(Cancellation);

        await server.RestartAsync();

        (await other.ReadAsync(Cancellation))!.RefreshToken.Should().Be(Row.First.RefreshToken, "the pool had only dead connections");
        (await other.AcquireLeaseAsync(TimeSpan.Zero, Cancellation)).Should().BeNull("the attempt was committed");
        (await lost.CommitAsync(Row.First, Row.Second, Cancellation)).IsCommitted.Should().BeTrue();
        await lost.DisposeAsync();
        await using ICredentialsLease next = await Row.AcquireAsync(other);
        (await next.ReadAsync(Cancellation))!.RefreshToken.Should().Be(Row.Second.RefreshToken);
    }

    [Fact]
    public async Task Tokens_that_could_not_be_saved_while_the_server_was_down_are_saved_before_others_may_replay()
    {
        await using var server = new PostgreSqlServer();
        await server.InitializeAsync();
        await using var row = new Row(server);
        await row.StoreAsync(Row.First);
        PostgreSqlCredentialsStore one = row.NewStore(options => options.SaveTimeout = TimeSpan.FromMilliseconds(100));
        PostgreSqlCredentialsStore other = row.NewStore();
        ICredentialsLease lost = await Row.AttemptAsync(one);

        await server.StopAsync();
        Func<Task> save = () => lost.CommitAsync(Row.First, Row.Second, Cancellation).AsTask();
        (await save.Should().ThrowAsync<CredentialsSaveException>()).Which.IsTransient.Should().BeTrue();
        await lost.DisposeAsync();
        await server.StartAsync();

        (await other.AcquireLeaseAsync(TimeSpan.Zero, Cancellation)).Should().BeNull();
        await using ICredentialsLease again = await Row.AcquireAsync(one);
        (await again.CommitAsync(Row.First, Row.Second, Cancellation)).IsCommitted.Should().BeTrue();
    }

    [Fact]
    public async Task An_older_row_that_comes_back_with_a_copy_that_lagged_repeats_no_version()
    {
        PostgreSqlCredentialsStore one = _row.NewStore();
        await _server.QueryAsync("CREATE TABLE copy AS SELECT * FROM token_refresh WHERE name = $1", _row.Name);
        await using ICredentialsLease lost = await Row.AttemptAsync(one);
        await lost.CommitAsync(Row.First, Row.Second, Cancellation);
        object? version = await _row.QueryAsync("version");

        await _row.TerminateHolderAsync(one);
        await _server.QueryAsync(
            "UPDATE token_refresh AS t SET (version, document, record) = (SELECT version, document, record FROM copy) WHERE t.name = $1",
            _row.Name);
        await _server.QueryAsync("DROP TABLE copy");
        await using ICredentialsLease next = await Row.AttemptAsync(_row.NewStore());

        ((long)(await _row.QueryAsync("version"))!).Should().BeGreaterThan((long)version!);
        Func<Task> record = () => lost.WriteRecordAsync("late"u8.ToArray(), durable: false, Cancellation).AsTask();
        await record.Should().ThrowAsync<LockUnavailableException>();
    }

    /// <summary>Loses the lease once, when the connection stands and before anything leaves.</summary>
    private sealed class LosingEndpoint(Func<Task> loseLease) : ITokenEndpointClient
    {
        internal int Calls { get; private set; }

        internal int Sent { get; private set; }

        public async ValueTask<TokenEndpointResult> RefreshAsync(TokenRequest request, CancellationToken cancellationToken = default)
        {
            if (++Calls == 1)
            {
                await loseLease();
            }

            await request.BeforeSendAsync(cancellationToken);
            Sent++;
            return TokenEndpointResult.Success(new TokenResponse("new", "new-refresh", TimeSpan.FromHours(1)));
        }
    }
}
