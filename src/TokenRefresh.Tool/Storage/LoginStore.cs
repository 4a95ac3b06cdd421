using Microsoft.Extensions.Logging;
using TokenRefresh.Tool.Checks;

namespace TokenRefresh.Tool.Storage;

/// <summary>A store of one kind, and what the tool asks of it beside its leases. Disposed after what uses it.</summary>
/// <param name="kind">Its kind.</param>
/// <param name="format">The format of its document.</param>
internal abstract class LoginStore(StoreKind kind, CredentialsFileFormat format) : IAsyncDisposable
{
    internal StoreKind Kind => kind;

    internal CredentialsFileFormat Format => format;

    internal abstract ICredentialsStore Store { get; }

    /// <summary>Gets the command that signs out of its login.</summary>
    internal string Logout { get; private set; } = $"token-refresh logout --store {Words.Of(kind)}";

    /// <summary>Opens the store of a profile.</summary>
    /// <param name="kind">Which.</param>
    /// <param name="profile">Its settings.</param>
    /// <param name="log">The log; <see langword="null"/> for none.</param>
    /// <param name="found">The format of the document that the login comes from, which a new one then has too.</param>
    /// <exception cref="ToolException">A setting is missing.</exception>
    /// <exception cref="TokenRefreshConfigurationException">A setting is wrong.</exception>
    internal static LoginStore Open(StoreKind kind, Profile profile, ILoggerFactory? log, CredentialsFileFormat? found = null)
    {
        try
        {
            LoginStore opened = Open(profile, kind, log, found);
            opened.Logout = profile.Command("logout", kind);
            return opened;
        }
        catch (TokenRefreshConfigurationException e)
        {
            // Said here, where it is known which of two stores it is about.
            throw new TokenRefreshConfigurationException(Words.OfTool(e.Message, kind), e.InnerException);
        }
    }

    /// <summary>Reads the whole document, decrypted.</summary>
    /// <exception cref="CredentialsFileException">It cannot be read.</exception>
    internal abstract ValueTask<ReadOnlyMemory<byte>> ReadDocumentAsync();

    /// <summary>Whether a read failed since a removal of the login was not noted as such: there is none, and it is not damaged.</summary>
    internal virtual bool IsGone(CredentialsFileException e) => false;

    /// <summary>Looks for what keeps the store from being used.</summary>
    internal virtual Task<IReadOnlyList<Finding>> CheckAsync() => Task.FromResult<IReadOnlyList<Finding>>([]);

    public abstract ValueTask DisposeAsync();

    private static LoginStore Open(Profile profile, StoreKind kind, ILoggerFactory? log, CredentialsFileFormat? found)
    {
        TokenRefreshOptions options = profile.Options();
        if (kind != StoreKind.File)
        {
            // Those of the file.
            options.CompatibleLocks = null;
        }

        List<string> failures = OptionsCheck.FindFailures(options, hasStore: kind != StoreKind.File, hasTokenEndpointClient: true);
        if (failures.Count > 0)
        {
            throw new TokenRefreshConfigurationException(string.Join(' ', failures));
        }

        if (ReferenceEquals(options.FileFormat, CredentialsFileFormat.Auto))
        {
            // A row has the format that programs with the library look for.
            options.FileFormat = kind == StoreKind.Postgres ? CredentialsFileFormat.FlatOAuth : found ?? options.FileFormat;
        }

        // Each in a method of its own type, so that the packages of the others are not loaded.
        return kind switch
        {
            StoreKind.Keychain => KeychainLoginStore.Open(profile, options, log),
            StoreKind.Postgres => PostgresLoginStore.Open(profile, options),
            _ => FileLoginStore.Open(profile, options, log),
        };
    }
}
