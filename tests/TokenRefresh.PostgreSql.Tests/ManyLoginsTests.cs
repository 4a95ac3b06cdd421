using FluentAssertions;
using Npgsql;
using TokenRefresh.PostgreSql.Tests.Support;

namespace TokenRefresh.PostgreSql.Tests;

/// <summary>Many logins of one process over few connections: a refresh keeps one for as long as it takes, and reads on others.</summary>
public sealed class ManyLoginsTests(PostgreSqlServer server)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(2, 20)]
    [InlineData(5, 200)]
    public async Task All_logins_that_expire_at_once_are_refreshed_over_few_connections(int connections, int logins)
    {
        server.SkipIfMissing();
        await using LoopbackAuthorizationServer endpoint = await LoopbackAuthorizationServer.StartAsync();
        await using NpgsqlDataSource source = NewSource(connections);
        string[] names = [.. Enumerable.Range(0, logins).Select(_ => Guid.NewGuid().ToString("N"))];
        await StoreExpiredAsync(names, endpoint);
        await using TokenProviderPool pool = NewPool(source, endpoint);

        AccessToken[] tokens = await Task.WhenAll(names.Select(name => pool.Get(name).GetAccessTokenAsync(Cancellation).AsTask()));

        tokens.Should().OnlyContain(token => endpoint.IsAccepted(token.Value));
        endpoint.Books.Should().BeEquivalentTo(new { TokenRequests = logins, Grants = logins, Reuses = 0 });
    }

    [Fact]
    public async Task A_login_that_waits_for_a_connection_in_vain_is_told_of_the_pool()
    {
        server.SkipIfMissing();
        await using NpgsqlDataSource source = NewSource(connections: 3);
        await using PostgreSqlCredentialsStore one = NewStore(source, Guid.NewGuid().ToString("N"));
        await using PostgreSqlCredentialsStore other = NewStore(source, Guid.NewGuid().ToString("N"));
        await using (await Row.AcquireAsync(one))
        {
            (await other.AcquireLeaseAsync(TimeSpan.Zero, Cancellation)).Should().BeNull();

            Func<Task> waiting = () => other.AcquireLeaseAsync(TimeSpan.FromMilliseconds(50), Cancellation).AsTask();

            (await waiting.Should().ThrowAsync<LockUnavailableException>()).WithMessage("*all 1 connections*'Maximum Pool Size'*")
                .Which.IsTransient.Should().BeTrue();
        }

        await using ICredentialsLease lease = await Row.AcquireAsync(other);
    }

    private static PostgreSqlCredentialsStore NewStore(NpgsqlDataSource source, string name) =>
        new(new PostgreSqlStoreOptions { DataSource = source, Name = name });

    private static TokenProviderPool NewPool(NpgsqlDataSource source, LoopbackAuthorizationServer endpoint) =>
        new(name => CoordinatedTokenProvider.Create(
            options => (options.TokenEndpoint, options.ClientId) = (endpoint.TokenUri, "tests"),
            new CoordinatedTokenProviderServices { CredentialsStore = NewStore(source, name) }));

    private NpgsqlDataSource NewSource(int connections) =>
        NpgsqlDataSource.Create($"{server.ConnectionString};Maximum Pool Size={connections}");

    private Task StoreExpiredAsync(string[] names, LoopbackAuthorizationServer endpoint)
    {
        string[] tokens = [.. names.Select(_ => endpoint.IssueLogin().Credentials.RefreshToken!)];
        return server.QueryAsync(
            """
            INSERT INTO token_refresh (name, version, document)
            SELECT name, 1, convert_to(json_build_object('access_token', 'expired', 'refresh_token', token, 'expires_at', 1)::text, 'UTF8')
            FROM unnest($1, $2) AS login (name, token)
            """,
            names,
            tokens);
    }
}
