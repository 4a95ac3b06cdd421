using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.Keychain.Linux;
using TokenRefresh.Keychain.Tests.Support;

namespace TokenRefresh.Keychain.Tests;

/// <summary>The options, the place of the lock, the registration, and the file in place of a keychain that is not there.</summary>
public sealed class KeychainCredentialsStoreTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly LogCollector _logs = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string FilePath => Path.Combine(_directory.Path, ".credentials.json");

    public void Dispose()
    {
        _directory.Dispose();
        _logs.Dispose();
    }

    [Theory]
    [InlineData("Service")]
    [InlineData("Account")]
    [InlineData("ReadTimeout")]
    [InlineData("WriteTimeout")]
    [InlineData("StateDirectory")]
    public void An_option_out_of_range_is_named(string name)
    {
        var options = new KeychainOptions { Service = "tests" };
        _ = name switch
        {
            "Service" => (object)(options.Service = " "),
            "Account" => options.Account = "a\nb",
            "ReadTimeout" => options.ReadTimeout = TimeSpan.Zero,
            "WriteTimeout" => options.WriteTimeout = TimeSpan.FromHours(1),
            _ => options.StateDirectory = "relative",
        };

        Action create = () => new KeychainCredentialsStore(options).Dispose();

        create.Should().Throw<TokenRefreshConfigurationException>().WithMessage($"*'{name}'*");
    }

    [Fact]
    public void Time_limits_that_do_not_fit_into_the_login_s_are_refused()
    {
        Action validate = () => new KeychainOptions { Service = "tests", WriteTimeout = TimeSpan.FromSeconds(6) }
            .Validated(new TokenRefreshOptions());

        validate.Should().Throw<TokenRefreshConfigurationException>().WithMessage("*'SaveTimeout'*");
    }

    [Fact]
    public void The_lock_is_where_the_user_s_id_says_and_its_name_tells_no_item()
    {
        using var store = new KeychainCredentialsStore(new KeychainOptions { Service = "my-service", Account = "me" });
        using var same = new KeychainCredentialsStore(new KeychainOptions { Service = "my-service", Account = "me" });
        using var other = new KeychainCredentialsStore(new KeychainOptions { Service = "my-service", Account = "you" });

        store.LockPath.Should().StartWith(StateDirectory.Find()).And.NotContain("my-service");
        same.LockPath.Should().Be(store.LockPath);
        other.LockPath.Should().NotBe(store.LockPath);
    }

    [Fact]
    public void A_registered_login_uses_the_keychain()
    {
        using ServiceProvider services = new ServiceCollection()
            .AddTokenRefresh(options => (options.TokenEndpoint, options.ClientId) = (new Uri("https://localhost/token"), "tests"))
            .UseKeychain(options => (options.Service, options.StateDirectory) = ("tests", _directory.Path))
            .Services.BuildServiceProvider();

        services.GetRequiredService<ITokenProvider>().Should().BeOfType<CoordinatedTokenProvider>();
        services.GetRequiredService<ICredentialsStore>().Should().BeOfType<KeychainCredentialsStore>();
    }

    [Fact]
    public async Task Without_a_keychain_there_is_an_error_and_no_file()
    {
        using KeychainCredentialsStore store = OpenWithoutBus(fallback: false);

        Func<Task> read = async () => await store.ReadAsync(Cancellation);

        (await read.Should().ThrowAsync<CredentialsFileException>()).Which.InnerException
            .Should().BeOfType<KeychainException>().Which.Failure.Should().Be(KeychainFailure.Unavailable);
    }

    [Fact]
    public async Task The_file_takes_its_place_only_where_that_was_chosen_and_with_a_warning()
    {
        using KeychainCredentialsStore store = OpenWithoutBus(fallback: true);
        await using ICredentialsLease lease = (await store.AcquireLeaseAsync(TimeSpan.Zero, Cancellation))!;

        await lease.CommitAsync(null, new OAuthCredentials("access", "refresh"), Cancellation);

        (await store.ReadAsync(Cancellation))!.RefreshToken.Should().Be("refresh");
        store.Location.Should().Be(FilePath);
        File.Exists(FilePath).Should().BeTrue();
        _logs.CountOf(8000).Should().Be(1);
    }

    [Fact]
    [FailureMode("F86")]
    public async Task The_file_never_takes_the_place_of_a_keychain_that_held_the_login()
    {
        await File.WriteAllTextAsync(FilePath, """{"access_token":"old","refresh_token":"used"}""", Cancellation);
        using KeychainCredentialsStore store = OpenWithoutBus(fallback: true);
        store.WriteMark("00112233445566778899aabbccddeeff");

        Func<Task> read = async () => await store.ReadAsync(Cancellation);

        await read.Should().ThrowAsync<CredentialsFileException>();
    }

    [Fact]
    public async Task A_reader_that_read_before_a_save_reads_again()
    {
        var keychain = new ScriptedKeychain();
        using KeychainCredentialsStore store = Open(keychain);
        keychain.NextReads.Enqueue(Document("old"));
        keychain.NextReads.Enqueue(Document("new"));
        store.WriteMark(KeychainDocument.VersionOf(Document("new")));

        OAuthCredentials? read = await store.ReadAsync(Cancellation);

        read!.RefreshToken.Should().Be("new");
    }

    [Fact]
    public async Task What_another_program_wrote_is_believed_at_the_second_read()
    {
        var keychain = new ScriptedKeychain();
        using KeychainCredentialsStore store = Open(keychain);
        keychain.NextReads.Enqueue(Document("other"));
        keychain.NextReads.Enqueue(Document("other"));
        store.WriteMark(KeychainDocument.VersionOf(Document("ours")));

        OAuthCredentials? read = await store.ReadAsync(Cancellation);

        read!.RefreshToken.Should().Be("other");
        keychain.Reads.Should().Be(2);
    }

    [Fact]
    public async Task A_keychain_that_keeps_nothing_is_found_before_the_first_exchange()
    {
        var keychain = new ScriptedKeychain();
        using KeychainCredentialsStore store = Open(keychain);
        await using ICredentialsLease lease = (await store.AcquireLeaseAsync(TimeSpan.Zero, Cancellation))!;
        keychain.NextReads.Enqueue(null);
        keychain.NextReads.Enqueue(null);

        Func<Task> prepare = async () => await lease.PrepareAsync(Cancellation);

        (await prepare.Should().ThrowAsync<CredentialsFileException>()).Which.InnerException
            .Should().BeOfType<KeychainException>().Which.Failure.Should().Be(KeychainFailure.Failed);
        keychain.Written.Should().Equal("me (write test)");
    }

    [Fact]
    public async Task A_write_that_may_still_happen_keeps_the_lock_until_it_has()
    {
        var gate = new TaskCompletionSource();
        var keychain = new ScriptedKeychain();
        using KeychainCredentialsStore store = Open(keychain);
        using KeychainCredentialsStore other = Open(keychain);
        ICredentialsLease lease = (await store.AcquireLeaseAsync(TimeSpan.Zero, Cancellation))!;
        store.Options.WriteTimeout = TimeSpan.FromMilliseconds(100);
        keychain.Gate = gate.Task;

        Func<Task> commit = async () => await lease.CommitAsync(null, new OAuthCredentials("access", "late"), Cancellation);
        await commit.Should().ThrowAsync<CredentialsSaveException>();
        await lease.DisposeAsync();

        (await other.AcquireLeaseAsync(TimeSpan.Zero, Cancellation)).Should().BeNull();
        gate.SetResult();
        await using ICredentialsLease next = (await other.AcquireLeaseAsync(TimeSpan.FromMinutes(1), Cancellation))!;
        (await next.ReadAsync(Cancellation))!.RefreshToken.Should().Be("late");
    }

    private static byte[] Document(string refreshToken) => System.Text.Encoding.UTF8.GetBytes(
        $$"""{"access_token":"access","refresh_token":"{{refreshToken}}","expires_at":1}""");

    private KeychainCredentialsStore Open(ScriptedKeychain keychain)
    {
        var options = new KeychainOptions
        {
            Service = "tests",
            Account = "me",
            StateDirectory = _directory.Path,
            ReadTimeout = TimeSpan.FromMinutes(1),
            WriteTimeout = TimeSpan.FromMinutes(1),
        };
        return new(options, null, null, _logs, _ => keychain);
    }

    private KeychainCredentialsStore OpenWithoutBus(bool fallback)
    {
        var options = new KeychainOptions
        {
            Service = "tests",
            StateDirectory = _directory.Path,
            ReadTimeout = TimeSpan.FromMinutes(1),
            FallbackPath = fallback ? FilePath : null,
        };
        return new(options, null, null, _logs, _ => new SecretService($"unix:path={_directory.Path}/none", allowPrompt: false));
    }
}
