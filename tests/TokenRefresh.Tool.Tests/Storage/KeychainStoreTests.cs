using System.Text.Json.Nodes;
using FluentAssertions;
using TokenRefresh.Keychain;
using TokenRefresh.Keychain.Tests.Support;
using TokenRefresh.Tool.Migration;
using TokenRefresh.Tool.Storage;
using TokenRefresh.Tool.Tests.Migration;

namespace TokenRefresh.Tool.Tests.Storage;

/// <summary>The tool over a real Secret Service on a bus of its own.</summary>
public sealed class KeychainStoreTests : IAsyncLifetime
{
    private const string Bus = "DBUS_SESSION_BUS_ADDRESS";

    private readonly string? _formerBus = Environment.GetEnvironmentVariable(Bus);
    private SharedLogin _login = null!;
    private Keyring _keyring = null!;

    public async ValueTask InitializeAsync()
    {
        _keyring = await Keyring.StartAsync();
        _login = await SharedLogin.StartExpiredAsync();

        // The tests of this class alone look at it, one after the other.
        Environment.SetEnvironmentVariable(Bus, $"unix:path={_keyring.Directory}/bus");
    }

    public async ValueTask DisposeAsync()
    {
        Environment.SetEnvironmentVariable(Bus, _formerBus);
        if (_login is not null)
        {
            await _login.DisposeAsync();
            await _keyring.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_login_is_moved_there_used_moved_back_and_moved_again_and_ended()
    {
        ConfiguredHost host = Host();

        (await host.RunAsync("migrate", "--to", "keychain")).Code.Should().Be(ExitCode.Healthy);
        string item = System.Text.Encoding.UTF8.GetString((await Keyring.ReadAsync(_keyring.Directory, "tool"))!);
        (int code, string token) = await host.RunAsync("token", "--store", "keychain");
        (int fileCode, string fileErrors) = await host.RunAsync("token");

        code.Should().Be(ExitCode.Healthy, token);
        _login.Server.IsAccepted(token.Trim()).Should().BeTrue();
        item.Should().Contain("subscriptionType").And.NotContain("mcpOAuth");
        fileCode.Should().Be(ExitCode.SignIn);
        fileErrors.Should().Contain("There is no login");
        (await File.ReadAllTextAsync(_login.Path)).Should().Contain("mcpOAuth");

        (await host.RunAsync("migrate", "--store", "keychain", "--to", "file")).Code.Should().Be(ExitCode.Healthy);
        (await Keyring.ReadAsync(_keyring.Directory, "tool")).Should().BeNull();
        (await host.RunAsync("token")).Code.Should().Be(ExitCode.Healthy);
        (await host.RunAsync("migrate", "--to", "keychain")).Code.Should().Be(ExitCode.Healthy);
        (await host.RunAsync("status", "--store", "keychain")).Output.Should().Contain("signed in").And.Contain("  keychain ");

        (await host.RunAsync("logout", "--store", "keychain")).Code.Should().Be(ExitCode.Healthy);
        (await host.RunAsync("status", "--store", "keychain")).Code.Should().Be(ExitCode.SignIn);
        (await Keyring.ReadAsync(_keyring.Directory, "tool")).Should().BeNull();
        _login.Books.Should().BeEquivalentTo(new { TokenRequests = 1, Reuses = 0 });
    }

    [Fact]
    public async Task A_move_that_was_killed_between_the_removal_of_the_item_and_its_note_is_finished()
    {
        ConfiguredHost host = Host();
        await host.RunAsync("migrate", "--to", "keychain");
        var done = 0;
        KeychainCredentialsStore store = Keyring.Open(_keyring.Directory, "tool");
        await using (var item = new KilledSide(
            store, StoreKind.Keychain, CredentialsFileFormat.ClaudeCode, before => before && ++done == 2))
        await using (KilledSide file = KilledSide.OfFile(_login.Path, StoreKind.File))
        {
            Func<Task> killed = () => new LoginMove(item, file, new() { CredentialsPath = _login.Path }, TimeProvider.System)
                .RunAsync(CancellationToken.None);
            await killed.Should().ThrowAsync<OperationCanceledException>();
        }

        await Keyring.WriteAsync(_keyring.Directory, "tool", content: null);
        (int code, string output) = await host.RunAsync("migrate", "--store", "keychain", "--to", "file");

        code.Should().Be(ExitCode.Healthy, output);
        (await host.RunAsync("token")).Code.Should().Be(ExitCode.Healthy);
        (await host.RunAsync("status", "--store", "keychain")).Code.Should().Be(ExitCode.SignIn);
    }

    [Fact]
    public async Task An_item_that_another_program_deleted_is_not_taken_for_one_that_was_moved()
    {
        ConfiguredHost host = Host();
        await host.RunAsync("migrate", "--to", "keychain");
        await Keyring.WriteAsync(_keyring.Directory, "tool", content: null);

        (int code, string output) = await host.RunAsync("migrate", "--store", "keychain", "--to", "file");

        code.Should().Be(ExitCode.File);
        output.Should().Contain("is gone").And.Contain("Bring the keyring back");
    }

    [Fact]
    public async Task Doctor_finds_a_healthy_keychain_healthy()
    {
        ConfiguredHost host = Host();
        await host.RunAsync("migrate", "--to", "keychain");

        (int code, string output) = await host.RunAsync("doctor", "--offline", "--store", "keychain");

        code.Should().Be(ExitCode.Healthy, output);
        output.Should().ContainAll("ok       login", "ok       keychain", "ok       lock").And.NotContain("file system");
    }

    [Theory]
    [InlineData("locked", "The keyring is locked", "Unlock it")]
    [InlineData("stopped", "is stopped", "kill -CONT")]
    [InlineData("bus stopped", "did not answer", "")]
    [InlineData("killed", "No Secret Service answers", "Start one")]
    [InlineData("no bus", "The session bus cannot be reached", "Start the program in the user's session")]
    public async Task Doctor_knows_why_a_keychain_cannot_be_used(string state, string reason, string act)
    {
        ConfiguredHost host = Host();
        await host.RunAsync("migrate", "--to", "keychain");
        await (state switch
        {
            "locked" => _keyring.LockAsync(),
            "killed" => _keyring.KillAsync(),
            _ => Task.CompletedTask,
        });
        if (state == "stopped")
        {
            _keyring.Stop();
        }
        else if (state == "bus stopped")
        {
            _keyring.StopBus();
        }
        else if (state == "no bus")
        {
            Environment.SetEnvironmentVariable(Bus, "unix:path=/nonexistent/bus");
        }

        (int code, string output) = await host.RunAsync("doctor", "--offline", "--store", "keychain");
        (int tokenCode, _) = await host.RunAsync("token", "--store", "keychain");
        if (state == "stopped")
        {
            _keyring.Continue();
        }
        else if (state == "bus stopped")
        {
            _keyring.ContinueBus();
        }

        code.Should().Be(ExitCode.Failed, output);
        output.Should().Contain("problem  keychain").And.Contain(reason).And.MatchRegex($" do +.*{act}");
        output.Should().Contain("1 to put right");
        tokenCode.Should().BeOneOf(ExitCode.File, ExitCode.TryLater);
        _login.Books.TokenRequests.Should().Be(0);
    }

    [Fact]
    public async Task The_item_must_be_named()
    {
        (int code, string output) = await new ConfiguredHost(_login, []).RunAsync("status", "--store", "keychain");

        code.Should().Be(ExitCode.Usage);
        output.Should().Contain("'--keychain-service'");
    }

    private ConfiguredHost Host() => new(_login, new JsonObject
    {
        ["keychainService"] = "tool",
        ["keychainAccount"] = "tests",
        ["keychainStateDirectory"] = Path.Combine(_keyring.Directory, "state"),
        ["keychainReadTimeout"] = "00:00:01",
        ["keychainWriteTimeout"] = "00:00:05",
    });
}
