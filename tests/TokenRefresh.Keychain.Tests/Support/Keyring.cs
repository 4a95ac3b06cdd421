using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using Tmds.DBus.Protocol;
using TokenRefresh.Keychain.Linux;

namespace TokenRefresh.Keychain.Tests.Support;

/// <summary>A session bus and a gnome-keyring of one's own, in a temporary directory: never those of the user who runs the tests.</summary>
public sealed class Keyring : IAsyncDisposable
{
    private const string Service = "org.freedesktop.secrets";

    private readonly ChildProcess _bus;
    private readonly TempDirectory _directory;
    private DBusConnection? _connection;
    private ChildProcess? _daemon;

    private Keyring(TempDirectory directory, ChildProcess bus)
    {
        _directory = directory;
        _bus = bus;
    }

    /// <summary>Gets why there can be none here; <see langword="null"/> if there can.</summary>
    public static string? WhyNone { get; } =
        !OperatingSystem.IsLinux() ? "The Secret Service is one of Linux."
        : new[] { "dbus-daemon", "gnome-keyring-daemon" }.FirstOrDefault(program => !File.Exists($"/usr/bin/{program}")) is { } missing
            ? $"There is no '{missing}': install the packages 'dbus' and 'gnome-keyring'."
            : null;

    /// <summary>Gets a directory in which the bus of any keyring is found, whatever process asks.</summary>
    public string Directory => _directory.Path;

    /// <summary>Starts both; skips the test where they are missing.</summary>
    public static async Task<Keyring> StartAsync()
    {
        Keyring keyring = await StartBusAsync();
        await keyring.StartDaemonAsync();
        return keyring;
    }

    /// <summary>Starts a bus without a service.</summary>
    public static async Task<Keyring> StartBusAsync()
    {
        Assert.SkipUnless(WhyNone is null, WhyNone ?? "");
        var directory = new TempDirectory();

        // Without the files by which the session bus of a desktop starts services.
        string configuration = Path.Combine(directory.Path, "bus.conf");
        await File.WriteAllTextAsync(
            configuration,
            $"""
            <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
             "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
            <busconfig>
              <type>session</type><listen>{AddressIn(directory.Path)}</listen><auth>EXTERNAL</auth>
              <policy context="default"><allow send_destination="*"/><allow own="*"/><allow receive_sender="*"/></policy>
            </busconfig>
            """);
        ChildProcess bus = await ChildProcess.StartProgramAsync("dbus-daemon", new ChildProcessOptions
        {
            Arguments = [$"--config-file={configuration}", "--nofork", "--nopidfile", "--print-address"],
            ReadyLine = null,
        });
        await bus.ExpectAsync("");
        return new Keyring(directory, bus);
    }

    /// <summary>Opens a store of this keyring.</summary>
    public static KeychainCredentialsStore Open(string directory, string service, ILoggerFactory? logs = null)
    {
        var options = new KeychainOptions
        {
            Service = service,
            Account = "tests",
            StateDirectory = Path.Combine(directory, "state"),

            // No test but those of the limits may depend on how busy the machine is.
            ReadTimeout = TimeSpan.FromMinutes(1),
            WriteTimeout = TimeSpan.FromMinutes(1),
        };
        return new(options, login: null, timeProvider: null, logs, _ => new SecretService(AddressIn(directory), options.AllowPrompt));
    }

    /// <summary>Reaches an item as another program would.</summary>
    internal static async Task<byte[]?> ReadAsync(string directory, string service)
    {
        using var keychain = new SecretService(AddressIn(directory), allowPrompt: false);
        return await keychain.ReadAsync(new(service, "tests"), CancellationToken.None);
    }

    /// <summary>Writes an item as another program would, or deletes it.</summary>
    internal static async Task WriteAsync(string directory, string service, string? content)
    {
        using var keychain = new SecretService(AddressIn(directory), allowPrompt: false);
        var item = new KeychainItem(service, "tests");
        await (content is null
            ? keychain.DeleteAsync(item, CancellationToken.None)
            : keychain.WriteAsync(item, Encoding.UTF8.GetBytes(content), CancellationToken.None));
    }

    /// <summary>Starts the service, unlocked, and waits until it is on the bus.</summary>
    /// <param name="keyrings">The name of the directory of its keyrings; another one has no items.</param>
    public async Task StartDaemonAsync(string keyrings = "keyrings")
    {
        DBusConnection connection = await ConnectAsync();
        using NameOwnerWatcher owner = await connection.WatchNameOwnerAsync(Service);
        _daemon = await ChildProcess.StartProgramAsync("gnome-keyring-daemon", new ChildProcessOptions
        {
            Arguments =
            [
                "--foreground", "--unlock", "--components=secrets", $"--control-directory={Path.Combine(Directory, "control")}",
            ],
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal)
            {
                ["DBUS_SESSION_BUS_ADDRESS"] = AddressIn(Directory),
                ["HOME"] = Directory,
                ["XDG_DATA_HOME"] = Path.Combine(Directory, keyrings),
                ["XDG_RUNTIME_DIR"] = Directory,
            },
            ReadyLine = null,
        });
        await _daemon.SendAsync("password");
        _daemon.CloseInput();
        await owner.WaitForOwnerAsync().WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System);
    }

    /// <summary>Stops the service where it is (SIGSTOP).</summary>
    public void Stop() => _daemon!.Stop();

    /// <summary>Lets a stopped service go on.</summary>
    public void Continue() => _daemon!.Continue();

    /// <summary>Stops the bus itself.</summary>
    public void StopBus() => _bus.Stop();

    /// <summary>Lets a stopped bus go on.</summary>
    public void ContinueBus() => _bus.Continue();

    /// <summary>Kills the service.</summary>
    public async Task KillAsync()
    {
        await _daemon!.KillAsync();
        await _daemon.DisposeAsync();
        _daemon = null;
    }

    /// <summary>Locks the default keyring.</summary>
    public async Task LockAsync()
    {
        DBusConnection connection = await ConnectAsync();
        await connection.CallMethodAsync(Message());

        MessageBuffer Message()
        {
            MessageWriter writer = connection.GetMessageWriter();
            writer.WriteMethodCallHeader(Service, "/org/freedesktop/secrets", "org.freedesktop.Secret.Service", "Lock", "ao");
            writer.WriteArray(new ObjectPath[] { "/org/freedesktop/secrets/collection/login" });
            return writer.CreateMessage();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _connection?.Dispose();
        if (_daemon is not null)
        {
            await _daemon.DisposeAsync();
        }

        await _bus.DisposeAsync();
        _directory.Dispose();
    }

    /// <summary>Gets the address of the bus in this directory.</summary>
    internal static string AddressIn(string directory) => string.Create(CultureInfo.InvariantCulture, $"unix:path={directory}/bus");

    private async Task<DBusConnection> ConnectAsync()
    {
        if (_connection is null)
        {
            _connection = new DBusConnection(AddressIn(Directory));
            await _connection.ConnectAsync();
        }

        return _connection;
    }
}
