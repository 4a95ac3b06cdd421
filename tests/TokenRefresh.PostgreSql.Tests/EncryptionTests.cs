using System.Security.Cryptography;
using System.Text;
using FluentAssertions;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.PostgreSql.Tests.Support;
using TokenRefresh.TestKit;

namespace TokenRefresh.PostgreSql.Tests;

/// <summary>Tokens at rest, with a key ring that all machines share.</summary>
public sealed class EncryptionTests : IAsyncLifetime
{
    private readonly PostgreSqlServer _server;
    private readonly Row _row;
    private readonly TempDirectory _keys = new();

    public EncryptionTests(PostgreSqlServer server) => (_server, _row) = (server, new Row(server));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        _server.SkipIfMissing();
        return default;
    }

    public async ValueTask DisposeAsync()
    {
        await _row.DisposeAsync();
        _keys.Dispose();
    }

    [Fact]
    public async Task A_dump_of_the_table_holds_no_token()
    {
        await CommitAsync(NewStore(), expected: null, Row.First);

        string dump = Encoding.Latin1.GetString((byte[])(await _row.QueryAsync("document || record || convert_to(t::text, 'UTF8')"))!);

        dump.Should().NotContain(Row.First.AccessToken).And.NotContain(Row.First.RefreshToken).And.NotContain("access_token");
        dump.Should().NotContain(Convert.ToHexString(Encoding.UTF8.GetBytes(Row.First.RefreshToken!)).ToLowerInvariant());
        (await NewStore().ReadAsync(Cancellation))!.RefreshToken.Should().Be(Row.First.RefreshToken);
    }

    [Fact]
    public async Task After_a_rotation_older_rows_are_read_and_the_next_save_uses_the_new_key()
    {
        await CommitAsync(NewStore(), expected: null, Row.First);
        var before = (byte[])(await _row.QueryAsync("document"))!;
        using (ServiceProvider services = NewKeyRing())
        {
            services.GetRequiredService<IKeyManager>().CreateNewKey(
                TimeProvider.System.GetUtcNow(), TimeProvider.System.GetUtcNow() + TimeSpan.FromDays(200));
        }

        CredentialsCommit commit = await CommitAsync(NewStore(), Row.First, Row.Second);

        commit.IsCommitted.Should().BeTrue();
        var after = (byte[])(await _row.QueryAsync("document"))!;
        KeyOf(after).Should().NotBe(KeyOf(before));
        (await NewStore().ReadAsync(Cancellation))!.RefreshToken.Should().Be(Row.Second.RefreshToken);
    }

    [Fact]
    public async Task A_row_that_is_not_encrypted_yet_is_by_its_next_save()
    {
        await _row.StoreAsync(Row.First);

        await CommitAsync(NewStore(), Row.First, Row.Second);

        (await _row.QueryAsync("protected")).Should().Be(true);
    }

    [Fact]
    public async Task Without_the_keys_the_row_is_left_alone_and_the_error_says_why()
    {
        await CommitAsync(NewStore(), expected: null, Row.First);
        PostgreSqlCredentialsStore none = _row.NewStore();
        PostgreSqlCredentialsStore other = _row.NewStore(options => options.DataProtection = new EphemeralDataProtectionProvider());

        (PostgreSqlCredentialsStore, string)[] stores = [(none, "*is encrypted*"), (other, "*cannot be decrypted*key ring*")];
        foreach ((PostgreSqlCredentialsStore store, string reason) in stores)
        {
            Func<Task> read = () => store.ReadAsync(Cancellation).AsTask();
            Func<Task> commit = () => CommitAsync(store, expected: null, Row.Second);
            (await read.Should().ThrowAsync<CredentialsFileException>()).WithMessage(reason);
            (await commit.Should().ThrowAsync<CredentialsFileException>()).WithMessage(reason);
        }

        (await NewStore().ReadAsync(Cancellation))!.RefreshToken.Should().Be(Row.First.RefreshToken);
    }

    [Fact]
    public async Task A_row_that_was_copied_to_another_login_is_not_decrypted()
    {
        await CommitAsync(NewStore(), expected: null, Row.First);
        await _server.QueryAsync(
            "INSERT INTO token_refresh (name, version, document, protected)"
            + " SELECT name || '2', 1, document, true FROM token_refresh WHERE name = $1",
            _row.Name);
        PostgreSqlCredentialsStore store = NewStore(options => options.Name += "2");

        Func<Task> read = () => store.ReadAsync(Cancellation).AsTask();

        await read.Should().ThrowAsync<CredentialsFileException>();
    }

    [Fact]
    public async Task A_key_ring_that_cannot_encrypt_is_found_before_anything_is_sent()
    {
        PostgreSqlCredentialsStore store = _row.NewStore(options => options.DataProtection = new BrokenKeyRing());
        await using ICredentialsLease lease = await Row.AcquireAsync(store);
        Func<Task> prepare = () => lease.PrepareAsync(Cancellation).AsTask();
        Func<Task> save = () => lease.CommitAsync(expected: null, Row.First, Cancellation).AsTask();

        (await prepare.Should().ThrowAsync<CredentialsFileException>()).WithMessage("*no key*Nothing was sent*'DataProtection'*");
        (await save.Should().ThrowAsync<CredentialsSaveException>()).WithMessage("*no key*'DataProtection'*");
        (await NewStore().ReadAsync(Cancellation)).Should().BeNull();
    }

    private static string KeyOf(byte[] document) => Convert.ToHexString(document, 4, 16);

    private static async Task<CredentialsCommit> CommitAsync(
        PostgreSqlCredentialsStore store, OAuthCredentials? expected, OAuthCredentials? next)
    {
        await using ICredentialsLease lease = await Row.AcquireAsync(store);
        return await lease.CommitAsync(expected, next, Cancellation);
    }

    private PostgreSqlCredentialsStore NewStore(Action<PostgreSqlStoreOptions>? configure = null)
    {
        // As another machine: with a key ring that is read anew.
        return _row.NewStore(options =>
        {
            options.DataProtection = NewKeyRing().GetRequiredService<IDataProtectionProvider>();
            configure?.Invoke(options);
        });
    }

    private ServiceProvider NewKeyRing()
    {
        var services = new ServiceCollection();
        services.AddDataProtection().SetApplicationName("tests").PersistKeysToFileSystem(new DirectoryInfo(_keys.Path));
        return services.BuildServiceProvider();
    }

    private sealed class BrokenKeyRing : IDataProtectionProvider, IDataProtector
    {
        public IDataProtector CreateProtector(string purpose) => this;

        public byte[] Protect(byte[] plaintext) => throw new CryptographicException("There is no key.");

        public byte[] Unprotect(byte[] protectedData) => throw new CryptographicException("There is no key.");
    }
}
