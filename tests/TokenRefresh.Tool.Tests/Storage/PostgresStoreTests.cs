using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using FluentAssertions;
using Npgsql;
using TokenRefresh.PostgreSql.Tests.Support;

namespace TokenRefresh.Tool.Tests.Storage;

/// <summary>The tool over a real PostgreSQL server.</summary>
[Collection(nameof(PostgresTests))]
public sealed class PostgresStoreTests(PostgreSqlServer server) : IAsyncLifetime
{
    private SharedLogin _login = null!;

    private string Row => Path.GetFileName(_login.Directory.Path);

    public async ValueTask InitializeAsync()
    {
        server.SkipIfMissing();
        _login = await SharedLogin.StartExpiredAsync();
    }

    public ValueTask DisposeAsync() => _login?.DisposeAsync() ?? default;

    [Fact]
    public async Task A_login_is_moved_there_used_moved_back_and_ended()
    {
        ConfiguredHost host = Host();

        (int moved, string said) = await host.RunAsync("migrate", "--to", "postgres");
        moved.Should().Be(ExitCode.Healthy, said);
        (int code, string token) = await host.RunAsync("token", "--store", "postgres");
        (int fileCode, _) = await host.RunAsync("token");

        code.Should().Be(ExitCode.Healthy, token);
        _login.Server.IsAccepted(token.Trim()).Should().BeTrue();
        fileCode.Should().Be(ExitCode.SignIn);
        (await host.RunAsync("status", "--store", "postgres")).Output.Should().Contain("signed in").And.Contain("  postgres ");
        (await host.RunAsync("doctor", "--offline", "--store", "postgres")).Output
            .Should().ContainAll("ok       login", "ok       server", "ok       table", "ok       lock", "Nothing that must be put right");

        (await host.RunAsync("migrate", "--store", "postgres", "--to", "file")).Code.Should().Be(ExitCode.Healthy);
        (await host.RunAsync("token")).Code.Should().Be(ExitCode.Healthy);
        (await File.ReadAllTextAsync(_login.Path)).Should().Contain("subscriptionType").And.Contain("mcpOAuth");
        (await host.RunAsync("migrate", "--to", "postgres")).Code.Should().Be(ExitCode.Healthy);
        (await host.RunAsync("logout", "--store", "postgres")).Code.Should().Be(ExitCode.Healthy);
        (await host.RunAsync("status", "--store", "postgres")).Code.Should().Be(ExitCode.SignIn);
        _login.Books.Should().BeEquivalentTo(new { TokenRequests = 1, Reuses = 0 });
    }

    [Fact]
    public async Task With_a_key_ring_the_row_holds_no_token_and_without_it_the_error_names_it()
    {
        string ring = Path.Combine(_login.Directory.Path, "keys");
        Directory.CreateDirectory(ring);
        var members = new JsonObject { ["postgresKeyRing"] = ring, ["postgresApplication"] = "my-service" };
        ConfiguredHost host = Host(members);

        (int moved, string said) = await host.RunAsync("migrate", "--to", "postgres");
        var document = (byte[])(await server.QueryAsync("SELECT document FROM token_refresh WHERE name = $1", Row))!;
        (int code, _) = await host.RunAsync("token", "--store", "postgres");
        (int without, string output) = await Host().RunAsync("token", "--store", "postgres");

        moved.Should().Be(ExitCode.Healthy, said);
        Encoding.Latin1.GetString(document).Should().NotContain(_login.Login.Credentials.RefreshToken!).And.NotContain("claudeAiOauth");
        code.Should().Be(ExitCode.Healthy);
        without.Should().Be(ExitCode.File);
        output.Should().Contain("is encrypted. Set 'postgresKeyRing'");
    }

    [Fact]
    public async Task The_connection_string_comes_from_a_file_too_and_doctor_looks_who_can_read_it()
    {
        string path = Path.Combine(_login.Directory.Path, "connection");
        await File.WriteAllTextAsync(path, server.ConnectionString + "\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        }

        ConfiguredHost host = Host(connection: null);

        (_, string output) = await host.RunAsync("doctor", "--offline", "--store", "postgres", "--postgres-file", path);
        (int missing, string told) = await host.RunAsync("status", "--store", "postgres");

        output.Should().Contain("ok       server").And.Contain("problem  connection").And.Contain($"chmod o= {path}");
        missing.Should().Be(ExitCode.Usage);
        told.Should().Contain("'TOKEN_REFRESH_POSTGRES'").And.Contain("'--postgres-file'");
    }

    [Theory]
    [InlineData("refused", "server", "Connection refused", "Check that the server can be reached.")]
    [InlineData("password", "server", "28P01", "Check user name and password.")]
    [InlineData("database", "server", "3D000", "Correct 'Database' in the connection string.")]
    [InlineData("schema", "schema", "has no schema 'nowhere'", "Run 'CREATE SCHEMA nowhere'")]
    [InlineData("table", "table", "has no table 'nothing'", "Set 'postgresCreateTable' to true")]
    [InlineData("rights", "rights", "no right to INSERT and UPDATE", "GRANT INSERT, UPDATE ON token_refresh TO \"reader\"")]
    [InlineData("usage", "rights", "may not use schema 'closed'", "GRANT USAGE ON SCHEMA closed TO \"reader\"")]
    public async Task Doctor_knows_why_a_table_cannot_be_used(string state, string check, string reason, string act)
    {
        var connection = new NpgsqlConnectionStringBuilder(server.ConnectionString);
        var members = new JsonObject();
        switch (state)
        {
            case "refused": connection.Port = 9; break;
            case "password": connection.Password = "pg-secret-wrong"; break;
            case "database": connection.Database = "nowhere"; break;
            case "schema": members["postgresTable"] = "nowhere.token_refresh"; break;
            case "table": members["postgresTable"] = "nothing"; break;
            default:
                await server.QueryAsync(
                    $"""
                    DO $$ BEGIN
                        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'reader') THEN
                            CREATE ROLE reader LOGIN PASSWORD '{PostgreSqlServer.Password}';
                            CREATE SCHEMA closed;
                            GRANT SELECT ON token_refresh TO reader;
                        END IF;
                    END $$
                    """);
                connection.Username = "reader";
                members["postgresTable"] = state == "usage" ? "closed.token_refresh" : "token_refresh";
                break;
        }

        (int code, string output) = await Host(members, connection.ConnectionString)
            .RunAsync("doctor", "--offline", "--store", "postgres");

        code.Should().Be(ExitCode.Failed, output);
        output.Should().Contain($"problem  {check}").And.Contain(reason).And.MatchRegex($" do +.*{Regex.Escape(act)}");
        output.Should().NotContain("pg-secret");
    }

    private ConfiguredHost Host(JsonObject? members = null) => Host(members, server.ConnectionString);

    private ConfiguredHost Host(string? connection) => Host(members: null, connection);

    private ConfiguredHost Host(JsonObject? members, string? connection)
    {
        members ??= [];
        members["postgresName"] = Row;
        if (connection is not null)
        {
            members["postgresConnection"] = connection;
        }

        return new ConfiguredHost(_login, members);
    }
}
