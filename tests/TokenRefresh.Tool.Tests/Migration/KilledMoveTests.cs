using System.Diagnostics;
using System.Text.Json.Nodes;
using FluentAssertions;
using Npgsql;
using TokenRefresh.PostgreSql.Tests.Support;

namespace TokenRefresh.Tool.Tests.Migration;

/// <summary>A real process that moves a login and is killed while the server keeps one of its writes waiting.</summary>
[Collection(nameof(PostgresTests))]
public sealed class KilledMoveTests(PostgreSqlServer server) : IAsyncLifetime
{
    private const long Gate = 4711;

    // In the statements of the table, what each write of a move looks like.
    private const string Blocks = "NEW.record IS DISTINCT FROM OLD.record AND convert_from(NEW.record, 'UTF8') LIKE '%moving%'";
    private const string Releases = "NEW.record IS DISTINCT FROM OLD.record AND convert_from(NEW.record, 'UTF8') NOT LIKE '%moving%'";
    private const string Login = "NEW.document IS DISTINCT FROM OLD.document";

    private SharedLogin _login = null!;
    private ConfiguredHost _host = null!;

    private string Row => Path.GetFileName(_login.Directory.Path);

    public async ValueTask InitializeAsync()
    {
        server.SkipIfMissing();
        _login = await SharedLogin.StartExpiredAsync();
        _host = new ConfiguredHost(
            _login, new JsonObject { ["postgresConnection"] = server.ConnectionString, ["postgresName"] = Row });
        await server.QueryAsync(
            $"""
            CREATE OR REPLACE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN PERFORM pg_advisory_xact_lock({Gate}); RETURN NEW; END'
            """);
    }

    public async ValueTask DisposeAsync()
    {
        if (_login is not null)
        {
            await server.QueryAsync("DROP TRIGGER IF EXISTS gate ON token_refresh");
            await _login.DisposeAsync();
        }
    }

    [Theory]
    [InlineData(false, Blocks, true)]
    [InlineData(false, Login, true)]
    [InlineData(false, Releases, false)]
    [InlineData(true, Blocks, true)]
    [InlineData(true, Login, true)]
    public async Task A_killed_move_loses_no_login_and_ends_when_it_is_run_again(bool isBack, string write, bool happens)
    {
        string[] move = ["migrate", "--store", isBack ? "postgres" : "file", "--to", isBack ? "file" : "postgres"];
        if (isBack)
        {
            (await _host.RunAsync("migrate", "--to", "postgres")).Code.Should().Be(ExitCode.Healthy);
        }

        await KillAsync(move, write, happens);
        int[] tokens =
        [
            (await _host.RunAsync("token", "--store", "file")).Code, (await _host.RunAsync("token", "--store", "postgres")).Code,
        ];
        (int code, string output) = await _host.RunAsync(move);

        tokens.Should().Contain(ExitCode.SignIn);
        code.Should().Be(ExitCode.Healthy, output);
        (int tokenCode, string token) = await _host.RunAsync("token", "--store", move[^1]);
        tokenCode.Should().Be(ExitCode.Healthy, token);
        _login.Server.IsAccepted(token.Trim()).Should().BeTrue();
        (await _host.RunAsync("status", "--store", move[2])).Code.Should().Be(ExitCode.SignIn);
        _login.Books.Should().BeEquivalentTo(new { TokenRequests = 1, Reuses = 0 });
    }

    // The write waits for the gate when the process is killed. Then it happens, or is ended with its session.
    private async Task KillAsync(string[] move, string write, bool happens)
    {
        await server.QueryAsync($"CREATE TRIGGER gate BEFORE UPDATE ON token_refresh FOR EACH ROW WHEN ({write}) EXECUTE FUNCTION gate()");
        await using NpgsqlConnection gate = await server.DataSource.OpenConnectionAsync();
        await ExecuteAsync($"SELECT pg_advisory_lock({Gate})");
        ProcessStartInfo start = ToolProcess.StartInfo(_login, move);
        start.Environment.Remove("TOKEN_REFRESH_CREDENTIALS");
        start.Environment["TOKEN_REFRESH_CONFIG"] = _host.ConfigurationPath;
        using Process process = Process.Start(start)!;
        while (await server.QueryAsync("SELECT count(*) FROM pg_locks WHERE objid = $1 AND NOT granted", Gate) is 0L)
        {
            process.HasExited.Should().BeFalse(process.HasExited ? await process.StandardError.ReadToEndAsync() : "");
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }

        process.Kill();
        await process.WaitForExitAsync();
        if (!happens)
        {
            await ExecuteAsync("SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE objid = 4711 AND NOT granted");
        }

        await ExecuteAsync("DROP TRIGGER gate ON token_refresh", release: happens);
        await ExecuteAsync("SELECT pg_advisory_unlock_all()");

        async Task ExecuteAsync(string sql, bool release = false)
        {
            await using NpgsqlCommand command = gate.CreateCommand();
            command.CommandText = release ? $"SELECT pg_advisory_unlock({Gate}); {sql}" : sql;
            await command.ExecuteNonQueryAsync();
        }
    }
}
