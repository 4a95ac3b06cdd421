using TokenRefresh.Stores;

namespace TokenRefresh.Tests.Contracts;

/// <summary>What every store must do, of the file store.</summary>
public sealed class FileStoreContractTests : CredentialsLeaseContract, IDisposable
{
    private readonly TempDirectory _directory = new();

    private string Path => System.IO.Path.Combine(_directory.Path, ".credentials.json");

    public void Dispose() => _directory.Dispose();

    protected override ValueTask<ICredentialsStore> CreateStoreAsync() => new(new FileCredentialsStore(
        new(Path, CredentialsFileFormat.Auto, LockPath: null, AllowUnreliableLock: false, TimeSpan.FromSeconds(5)), Time));

    protected override ValueTask<bool> TryDamageRecordAsync()
    {
        using FileStream file = new(Path + CredentialsFilePaths.LockSuffix, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        var garbage = new byte[200_000];
        Array.Fill(garbage, (byte)0xA5);
        file.Write(garbage);
        return new(true);
    }

    protected override ValueTask<bool> TryDamageCredentialsAsync()
    {
        File.WriteAllText(Path, "{ \"claudeAiOauth\": {");
        return new(true);
    }
}
