using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using TokenRefresh.Provider;
using TokenRefresh.Stores;

namespace TokenRefresh.Tool.Storage;

/// <summary>The credentials file. A provider makes it by itself; a move between stores needs it without one.</summary>
internal sealed class FileLoginStore : LoginStore
{
    private readonly FileCredentialsStore _file;

    private FileLoginStore(FileCredentialsStore file, TokenRefreshOptions options)
        : base(StoreKind.File, options.FileFormat)
    {
        _file = file;
        Store = options.CompatibleLocks is { } locks ? new CompatibleLocksStore(file, locks) : file;
    }

    internal override ICredentialsStore Store { get; }

    public override ValueTask DisposeAsync()
    {
        _file.Dispose();
        return default;
    }

    internal static FileLoginStore Open(Profile profile, TokenRefreshOptions options, ILoggerFactory? log) =>
        new(ProviderParts.CreateFileStore(options, profile.Time, log?.CreateLogger("TokenRefresh") ?? NullLogger.Instance), options);

    internal override async ValueTask<ReadOnlyMemory<byte>> ReadDocumentAsync() =>
        (await _file.Reader.ReadAsync(_file.Resolve(), CancellationToken.None).ConfigureAwait(false)).Bytes;
}
