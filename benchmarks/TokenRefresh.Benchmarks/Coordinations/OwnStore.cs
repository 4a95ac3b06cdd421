using TokenRefresh.Stores;

namespace TokenRefresh.Benchmarks.Coordinations;

/// <summary>The store that a provider would make itself, but for a call right before each save becomes visible.</summary>
internal static class OwnStore
{
    internal static FileCredentialsStore Create(string path, TimeProvider timeProvider, Action onSave) => new(
        new CredentialsFileSettings(
            path, CredentialsFileFormat.Auto, lockPath: null, allowUnreliableLock: false, saveTimeout: TimeSpan.FromSeconds(5)),
        timeProvider,
        new SaveObservingFileOperations(onSave));
}
