using TokenRefresh.Stores;

namespace TokenRefresh.Tests.Contracts;

/// <summary>What every store must do, of the file store.</summary>
public class FileStoreContractTests : CredentialsLeaseContract, IDisposable
{
    private readonly TempDirectory _directory = new();

    private string Path => System.IO.Path.Combine(_directory.Path, ".credentials.json");

    public void Dispose()
    {
        _directory.Dispose();
        GC.SuppressFinalize(this);
    }

    protected override ValueTask<ICredentialsStore> CreateStoreAsync() => new(NewStore());

    private protected FileCredentialsStore NewStore() => new(
        new(Path, CredentialsFileFormat.Auto, LockPath: null, AllowUnreliableLock: false, TimeSpan.FromSeconds(5)), Time);

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
