using TokenRefresh.Keychain;
using TokenRefresh.Stores;
using TokenRefresh.Tool.Storage;

namespace TokenRefresh.Tool.Tests.Migration;

/// <summary>One side of a move, whose leases end with an error before or after a write, as a killed process would.</summary>
internal sealed class KilledSide(ICredentialsStore inner, StoreKind kind, CredentialsFileFormat format, Func<bool, bool>? isKilled)
    : LoginStore(kind, format)
{
    internal override ICredentialsStore Store { get; } = isKilled is null ? inner : new KilledStore(inner, isKilled);

    /// <summary>Makes a side of a file, in place of any store.</summary>
    /// <param name="path">The file.</param>
    /// <param name="kind">What it stands for.</param>
    /// <param name="format">Its format.</param>
    /// <param name="isKilled">Asked before and after each write.</param>
    public static KilledSide OfFile(
        string path, StoreKind kind, CredentialsFileFormat? format = null, Func<bool, bool>? isKilled = null)
    {
        format ??= CredentialsFileFormat.Auto;
        var settings = new CredentialsFileSettings(path, format, lockPath: null, allowUnreliableLock: false, TimeSpan.FromSeconds(5));
        return new(new FileCredentialsStore(settings, TimeProvider.System), kind, format, isKilled);
    }

    public override ValueTask DisposeAsync()
    {
        ((IDisposable)inner).Dispose();
        return default;
    }

    internal override async ValueTask<ReadOnlyMemory<byte>> ReadDocumentAsync() => inner is FileCredentialsStore file
        ? (await file.Reader.ReadAsync(file.Resolve(), CancellationToken.None)).Bytes
        : await ((KeychainCredentialsStore)inner).ReadBytesAsync(CancellationToken.None);

    private sealed class KilledStore(ICredentialsStore inner, Func<bool, bool> isKilled) : StoreDecorator(inner)
    {
        protected override ICredentialsLease Wrap(ICredentialsLease lease) => new KilledLease(lease, isKilled);
    }

    private sealed class KilledLease(ICredentialsLease inner, Func<bool, bool> isKilled) : LeaseDecorator(inner)
    {
        public override async ValueTask<CredentialsCommit> CommitAsync(
            OAuthCredentials? expected, OAuthCredentials? next, CancellationToken cancellationToken = default)
        {
            ThrowIfKilled(isBefore: true);
            CredentialsCommit commit = await base.CommitAsync(expected, next, cancellationToken);
            ThrowIfKilled(isBefore: false);
            return commit;
        }

        public override async ValueTask WriteRecordAsync(
            ReadOnlyMemory<byte> record, bool durable, CancellationToken cancellationToken = default)
        {
            ThrowIfKilled(isBefore: true);
            await base.WriteRecordAsync(record, durable, cancellationToken);
            ThrowIfKilled(isBefore: false);
        }

        private void ThrowIfKilled(bool isBefore)
        {
            if (isKilled(isBefore))
            {
                throw new OperationCanceledException("Killed.");
            }
        }
    }
}
