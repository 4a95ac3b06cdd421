using Microsoft.Extensions.Logging;
using TokenRefresh.Keychain;
using TokenRefresh.Tool.Checks;

namespace TokenRefresh.Tool.Storage;

/// <summary>The keychain of the system.</summary>
internal sealed class KeychainLoginStore : LoginStore
{
    private readonly KeychainCredentialsStore _keychain;

    private KeychainLoginStore(KeychainCredentialsStore keychain, CredentialsFileFormat format)
        : base(StoreKind.Keychain, format) => _keychain = keychain;

    internal override ICredentialsStore Store => _keychain;

    public override ValueTask DisposeAsync()
    {
        _keychain.Dispose();
        return default;
    }

    internal static KeychainLoginStore Open(Profile profile, TokenRefreshOptions options, ILoggerFactory? log)
    {
        StoreSettings settings = profile.Store;
        var keychain = new KeychainOptions
        {
            Service = settings.KeychainService ?? throw new ToolException(
                "The store is the keychain, and its item is not known. Set '--keychain-service' to the name of the login."),
            Format = options.FileFormat,
            AllowPrompt = settings.KeychainAllowPrompt,
            StateDirectory = settings.KeychainStateDirectory is { } directory ? CredentialsPath.Resolve(directory) : null,
        };
        keychain.Account = settings.KeychainAccount ?? keychain.Account;
        keychain.ReadTimeout = settings.KeychainReadTimeout ?? keychain.ReadTimeout;
        keychain.WriteTimeout = settings.KeychainWriteTimeout ?? keychain.WriteTimeout;
        return new(
            new KeychainCredentialsStore(keychain, options, profile.Time, log, KeychainCredentialsStore.KeychainOf), options.FileFormat);
    }

    internal override ValueTask<ReadOnlyMemory<byte>> ReadDocumentAsync() => _keychain.ReadBytesAsync(CancellationToken.None);

    internal override bool IsGone(CredentialsFileException e) =>
        e.InnerException is KeychainException { Failure: KeychainFailure.Gone };

    internal override Task<IReadOnlyList<Finding>> CheckAsync() => KeychainChecks.LookAsync(_keychain);
}
