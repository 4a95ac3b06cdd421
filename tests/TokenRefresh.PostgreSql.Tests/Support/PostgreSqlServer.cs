using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace TokenRefresh.PostgreSql.Tests.Support;

/// <summary>A PostgreSQL server of the tests' own: in a temporary directory, on loopback, as a user that is not root.</summary>
public sealed class PostgreSqlServer : IAsyncLifetime
{
    /// <summary>The password of its user, which may stand in no message.</summary>
    public const string Password = "pg-secret-7f3a9c";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    // root may not run a server; the package makes a user for it.
    internal static readonly string[] AsUser = Environment.IsPrivilegedProcess
        ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        : [];

    private readonly TestKit.TempDirectory _directory = new();
    private string? _programs;
    private Process? _process;

    /// <summary>Gets why there is no server, or <see langword="null"/>.</summary>
    public string? Missing { get; private set; }

    /// <summary>Gets the port on 127.0.0.1.</summary>
    public int Port { get; private set; }

    /// <summary>Gets whether other hosts may connect, those of a test.</summary>
    public bool ListensToHosts { get; init; }

    /// <summary>Gets the pool of the tests themselves.</summary>
    public NpgsqlDataSource DataSource { get; private set; } = null!;

    /// <summary>Gets a connection string of pools of its own.</summary>
    public string ConnectionString => ConnectionStringAt("127.0.0.1", Port);

    private string Data => Path.Combine(_directory.Path, "data");

    public static string ConnectionStringAt(string host, int port) =>
        $"Host={host};Port={port};Database=postgres;Username=tests;Password={Password};Timeout=5;Cancellation Timeout=500";

    public async ValueTask InitializeAsync()
    {
        const string Versions = "/usr/lib/postgresql";
        string[] versions = Directory.Exists(Versions) ? Directory.GetDirectories(Versions) : [];
        _programs = versions.Length > 0 ? Path.Combine(versions.Max(StringComparer.Ordinal)!, "bin") : null;
        if (_programs is null || !File.Exists(Path.Combine(_programs, "initdb")))
        {
            Missing = "PostgreSQL is not installed here (Debian's package 'postgresql').";
            return;
        }

        string passwordFile = Path.Combine(_directory.Path, "password");
        await File.WriteAllTextAsync(passwordFile, Password);
        if (Environment.IsPrivilegedProcess)
        {
            await RunAsync("chown", "-R", "postgres:postgres", _directory.Path);
        }

        string[] initialize = ["-D", Data, "-U", "tests", "-A", "scram-sha-256", "--pwfile", passwordFile, "--no-sync", "--locale=C"];
        await RunAsync([.. AsUser, Path.Combine(_programs, "initdb"), .. initialize]);
        if (ListensToHosts)
        {
            await File.AppendAllTextAsync(Path.Combine(Data, "pg_hba.conf"), "host all all 10.213.0.0/16 scram-sha-256\n");
        }

        using (var listener = new TcpListener(IPAddress.Loopback, 0))
        {
            listener.Start();
            Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        }

        DataSource = NpgsqlDataSource.Create(ConnectionString);
        await StartAsync();
        await using PostgreSqlCredentialsStore store = NewStore("any");
        await store.CreateTableAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await DataSource.DisposeAsync();
            await StopAsync();
        }

        _directory.Dispose();
    }

    public void SkipIfMissing() => Assert.SkipWhen(Missing is not null, Missing ?? "");

    /// <summary>Makes a store on the tests' own pool.</summary>
    public PostgreSqlCredentialsStore NewStore(string name, Action<PostgreSqlStoreOptions>? configure = null)
    {
        var options = new PostgreSqlStoreOptions { DataSource = DataSource, Name = name };
        configure?.Invoke(options);
        return new PostgreSqlCredentialsStore(options);
    }

    /// <summary>Runs a statement and returns its first value.</summary>
    public async Task<object?> QueryAsync(string sql, params object[] parameters)
    {
        await using NpgsqlCommand command = DataSource.CreateCommand(sql);
        foreach (object parameter in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = parameter });
        }

        return await command.ExecuteScalarAsync();
    }

    /// <summary>Ends the sessions that hold an advisory lock, as an administrator does, or the network.</summary>
    public Task TerminateHoldersAsync() => QueryAsync(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()");

    /// <summary>Ends the sessions of a user's programs, all but this one.</summary>
    public Task TerminateAllAsync() => QueryAsync(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()");

    /// <summary>Crashes the server, and starts it again.</summary>
    public async Task RestartAsync()
    {
        await StopAsync();
        await StartAsync();
    }

    /// <summary>Starts it again.</summary>
    public async Task StartAsync()
    {
        // The shell ends the server at the end of its input, which comes with the end of this process at the latest, however that ends.
        string address = ListensToHosts ? "0.0.0.0" : "127.0.0.1";
        string settings = $"-D {Data} -k {_directory.Path} -p {Port} -c listen_addresses={address} -c fsync=off -c max_connections=200";
        string script = $"{_programs}/postgres {settings} 2>{_directory.Path}/log & p=$!; read x; kill -QUIT $p; wait $p";
        string[] command = [.. AsUser, "sh", "-c", script];
        _process = Process.Start(new ProcessStartInfo(command[0], command[1..])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            WorkingDirectory = _directory.Path,
        })!;
        long start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                await QueryAsync("SELECT 1");
                return;
            }
            catch (NpgsqlException) when (TimeProvider.System.GetElapsedTime(start) < Patience)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
            }
        }
    }

    /// <summary>Ends it at once, as a crash does.</summary>
    public async Task StopAsync()
    {
        _process!.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static async Task RunAsync(params string[] command)
    {
        using Process process = Process.Start(new ProcessStartInfo(command[0], command[1..])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"'{string.Join(' ', command)}' failed. {error} {await output}");
        }
    }
}
