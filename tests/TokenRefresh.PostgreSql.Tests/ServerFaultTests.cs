using FluentAssertions;
using Npgsql;
using TokenRefresh.PostgreSql.Tests.Support;

namespace TokenRefresh.PostgreSql.Tests;

/// <summary>What a server can refuse, and what the error then says.</summary>
public sealed class ServerFaultTests : IAsyncLifetime
{
    private readonly PostgreSqlServer _server;
    private readonly Row _row;

    public ServerFaultTests(PostgreSqlServer server) => (_server, _row) = (server, new Row(server));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server.SkipIfMissing();
        await _row.StoreAsync(Row.First);
    }

    public ValueTask DisposeAsync() => _row.DisposeAsync();

    [Fact]
    public async Task A_row_that_is_locked_for_too_long_costs_the_lease_and_nothing_is_sent()
    {
        await using NpgsqlConnection admin = await _server.DataSource.OpenConnectionAsync(Cancellation);
        await using ICredentialsLease lease = await Row.AcquireAsync(_row.NewStore());
        (await lease.PrepareAsync(Cancellation)).Should().BeTrue();
        await using NpgsqlTransaction transaction = await LockRowAsync(admin);

        Func<Task> attempt = () => lease.WriteRecordAsync("attempt"u8.ToArray(), durable: true, Cancellation).AsTask();

        await attempt.Should().ThrowAsync<LockUnavailableException>();
    }

    [Fact]
    public async Task A_preparation_that_times_out_says_so_and_leaves_the_pool_alone()
    {
        await using NpgsqlDataSource shared = NpgsqlDataSource.Create(_server.ConnectionString);
        PostgreSqlCredentialsStore store = _row.NewStore(options => options.DataSource = shared);
        await using NpgsqlConnection admin = await _server.DataSource.OpenConnectionAsync(Cancellation);
        ICredentialsLease lease = await Row.AcquireAsync(store);
        int session;
        await using (NpgsqlConnection idle = await shared.OpenConnectionAsync(Cancellation))
        {
            session = idle.ProcessID;
        }

        await using (NpgsqlTransaction transaction = await LockRowAsync(admin))
        {
            Func<Task> prepare = () => lease.PrepareAsync(Cancellation).AsTask();
            (await prepare.Should().ThrowAsync<CredentialsFileException>()).Which.IsTransient.Should().BeTrue();
        }

        await lease.DisposeAsync();

        await using ICredentialsLease? next = await _row.NewStore().AcquireLeaseAsync(TimeSpan.Zero, Cancellation);
        next.Should().NotBeNull();
        (await _server.QueryAsync("SELECT count(*) FROM pg_stat_activity WHERE pid = $1", session)).Should().Be(1L);
    }

    [Fact]
    public async Task A_lease_that_is_disposed_while_its_statement_runs_leaves_no_lock_behind()
    {
        PostgreSqlCredentialsStore store = _row.NewStore(options => options.CommandTimeout = TimeSpan.FromSeconds(15));
        PostgreSqlCredentialsStore other = _row.NewStore();
        await using NpgsqlConnection admin = await _server.DataSource.OpenConnectionAsync(Cancellation);
        ICredentialsLease lease = await Row.AcquireAsync(store);
        NpgsqlTransaction transaction = await LockRowAsync(admin);
        Task<bool> abandoned = lease.PrepareAsync(Cancellation).AsTask();
        while (await _server.QueryAsync(
            "SELECT count(*) FROM pg_stat_activity AS a JOIN pg_locks AS l USING (pid)"
            + " WHERE a.wait_event_type = 'Lock' AND l.locktype = 'advisory' AND (l.classid::bigint << 32 | l.objid::bigint) = $1",
            store.LeaseKey) is not 1L)
        {
            await Task.Yield();
        }

        Task disposal = lease.DisposeAsync().AsTask();
        await transaction.DisposeAsync();
        await disposal.WaitAsync(TimeSpan.FromSeconds(10), TimeProvider.System, Cancellation);

        await using ICredentialsLease? next = await other.AcquireLeaseAsync(TimeSpan.Zero, Cancellation);
        next.Should().NotBeNull();
        (await abandoned).Should().BeTrue();
    }

    // A statement may take longer, and a second connection is tried after the first: together they may not exceed it.
    [Theory]
    [InlineData(100, 10_000)]
    [InlineData(2_000, 3_200)]
    public async Task A_save_that_hangs_ends_by_SaveTimeout(int milliseconds, int atMost)
    {
        PostgreSqlCredentialsStore store = _row.NewStore(options =>
        {
            options.CommandTimeout = TimeSpan.FromSeconds(15);
            options.SaveTimeout = TimeSpan.FromMilliseconds(milliseconds);
        });
        await using NpgsqlConnection admin = await _server.DataSource.OpenConnectionAsync(Cancellation);
        await using ICredentialsLease lease = await Row.AcquireAsync(store);
        await using NpgsqlTransaction transaction = await LockRowAsync(admin);
        long start = TimeProvider.System.GetTimestamp();

        Func<Task> save = () => lease.CommitAsync(Row.First, Row.Second, Cancellation).AsTask();

        await save.Should().ThrowAsync<CredentialsSaveException>();
        TimeProvider.System.GetElapsedTime(start).Should().BeLessThan(TimeSpan.FromMilliseconds(atMost));
    }

    [Fact]
    public async Task A_statement_time_out_of_the_server_is_named()
    {
        PostgreSqlCredentialsStore store = _row.NewStore(settings: "Options=-c statement_timeout=100");
        await using NpgsqlConnection admin = await _server.DataSource.OpenConnectionAsync(Cancellation);
        await using NpgsqlTransaction transaction = await admin.BeginTransactionAsync(Cancellation);
        await using NpgsqlCommand command = new("LOCK TABLE token_refresh", admin);
        await command.ExecuteNonQueryAsync(Cancellation);

        Func<Task> read = () => store.ReadAsync(Cancellation).AsTask();

        CredentialsFileException error = (await read.Should().ThrowAsync<CredentialsFileException>()).Which;
        error.IsTransient.Should().BeTrue();
        error.Message.Should().Contain("statement timeout").And.Contain("statement_timeout");
    }

    [Fact]
    public async Task A_server_that_takes_no_writes_is_found_before_anything_is_sent()
    {
        PostgreSqlCredentialsStore store = _row.NewStore(settings: "Options=-c default_transaction_read_only=on");
        await using ICredentialsLease lease = await Row.AcquireAsync(store);

        Func<Task> prepare = () => lease.PrepareAsync(Cancellation).AsTask();

        (await prepare.Should().ThrowAsync<CredentialsFileException>()).WithMessage("*read-only*Target Session Attributes*");
    }

    [Fact]
    public async Task A_missing_table_is_named_or_created_by_as_many_as_like()
    {
        string table = $"logins_{_row.Name}";
        PostgreSqlCredentialsStore store = _row.NewStore(options => options.Table = table);
        Func<Task> read = () => store.ReadAsync(Cancellation).AsTask();
        (await read.Should().ThrowAsync<CredentialsFileException>()).WithMessage("*does not exist*CreateTable*");
        PostgreSqlCredentialsStore[] stores =
        [
            .. Enumerable.Range(0, 4).Select(_ => _row.NewStore(options => (options.Table, options.CreateTable) = (table, true))),
        ];

        OAuthCredentials?[] read4 = await Task.WhenAll(stores.Select(s => s.ReadAsync(Cancellation).AsTask()));

        read4.Should().AllSatisfy(stored => stored.Should().BeNull());
        await store.CreateTableAsync(Cancellation);
        store.CreateTableSql.Should().StartWith($"CREATE TABLE IF NOT EXISTS \"{table}\" (");
        await _server.QueryAsync($"DROP TABLE {table}");
    }

    [Fact]
    public async Task A_user_without_rights_is_told_which_ones()
    {
        await _server.QueryAsync($"CREATE ROLE r{_row.Name} LOGIN PASSWORD '{PostgreSqlServer.Password}'");
        PostgreSqlCredentialsStore store = _row.NewStore(settings: $"Username=r{_row.Name}");

        Func<Task> read = () => store.ReadAsync(Cancellation).AsTask();

        (await read.Should().ThrowAsync<CredentialsFileException>()).WithMessage("*permission denied*Grant this user*");
    }

    [Theory]
    [InlineData("Password=wrong-secret-1", "password authentication failed")]
    [InlineData("Port=1", "Check that the server can be reached")]
    [InlineData("Database=none", "does not exist")]
    public async Task A_server_that_cannot_be_used_is_named_without_the_password(string settings, string expected)
    {
        PostgreSqlCredentialsStore store = _row.NewStore(settings: settings);
        Func<Task> read = () => store.ReadAsync(Cancellation).AsTask();
        Func<Task> acquire = () => store.AcquireLeaseAsync(TimeSpan.Zero, Cancellation).AsTask();

        Exception[] errors =
        [
            (await read.Should().ThrowAsync<CredentialsFileException>()).Which,
            (await acquire.Should().ThrowAsync<LockUnavailableException>()).Which,
        ];

        (await store.ReadHolderAsync(Cancellation)).Should().BeNull();
        foreach (Exception error in errors)
        {
            error.Message.Should().Contain(expected);
            error.ToString().Should().NotContain(PostgreSqlServer.Password).And.NotContain("wrong-secret");
        }

        $"{store.Location} {store.LockPath}".Should().Contain("127.0.0.1").And.NotContain("secret");
    }

    [Theory]
    [InlineData("Host=x;Password=abc;top-secret=1")]
    [InlineData("top-secret")]
    [InlineData("Host=x;Port=top-secret")]
    public void A_connection_string_that_cannot_be_parsed_is_not_quoted(string connectionString)
    {
        Func<object> create = () => new PostgreSqlCredentialsStore(new PostgreSqlStoreOptions { ConnectionString = connectionString });

        create.Should().Throw<TokenRefreshConfigurationException>().Which.ToString().Should().NotContain("top-secret");
    }

    [Fact]
    public async Task A_proxy_that_pools_by_transaction_is_refused()
    {
        Assert.SkipUnless(File.Exists(Pooler.Program), "There is no pgbouncer here (Debian's package 'pgbouncer').");
        await using Pooler pooler = await Pooler.StartAsync(_server, "transaction");
        PostgreSqlCredentialsStore store = _row.NewStore(settings: $"Port={pooler.Port};No Reset On Close=true");

        Func<Task> acquire = () => store.AcquireLeaseAsync(TimeSpan.Zero, Cancellation).AsTask();

        (await acquire.Should().ThrowAsync<LockUnavailableException>()).WithMessage("*pools by transaction*");
        (await store.ReadAsync(Cancellation))!.AccessToken.Should().Be(Row.First.AccessToken, "reading needs no lock");
        await using ICredentialsLease lease = await Row.AcquireAsync(_row.NewStore());
    }

    [Fact]
    public async Task A_follower_gets_new_tokens_through_such_a_proxy_by_polling()
    {
        Assert.SkipUnless(File.Exists(Pooler.Program), "There is no pgbouncer here (Debian's package 'pgbouncer').");
        await using Pooler pooler = await Pooler.StartAsync(_server, "transaction");
        PostgreSqlCredentialsStore store = _row.NewStore(settings: $"Port={pooler.Port};No Reset On Close=true");
        OAuthCredentials? stored = await store.ReadAsync(Cancellation);

        await _row.StoreAsync(Row.Second);
        while (stored!.AccessToken != Row.Second.AccessToken)
        {
            await store.WaitForChangeAsync(Cancellation).WaitAsync(TimeSpan.FromSeconds(5), TimeProvider.System, Cancellation);
            stored = await store.ReadAsync(Cancellation);
        }
    }

    [Fact]
    public async Task A_proxy_that_pools_by_session_will_do()
    {
        Assert.SkipUnless(File.Exists(Pooler.Program), "There is no pgbouncer here (Debian's package 'pgbouncer').");
        await using Pooler pooler = await Pooler.StartAsync(_server, "session");

        await using ICredentialsLease lease = await Row.AttemptAsync(
            _row.NewStore(settings: $"Port={pooler.Port};No Reset On Close=true"));

        (await _row.NewStore().AcquireLeaseAsync(TimeSpan.Zero, Cancellation)).Should().BeNull();
    }

    // Until the transaction is disposed.
    private async Task<NpgsqlTransaction> LockRowAsync(NpgsqlConnection admin)
    {
        NpgsqlTransaction transaction = await admin.BeginTransactionAsync(Cancellation);
        await using NpgsqlCommand command = new("SELECT 1 FROM token_refresh WHERE name = $1 FOR UPDATE", admin)
        {
            Parameters = { new NpgsqlParameter { Value = _row.Name } },
        };
        await command.ExecuteNonQueryAsync(Cancellation);
        return transaction;
    }
}
