namespace TokenRefresh.Benchmarks.Coordinations;

/// <summary>What every way of coordination gets alike: the same file, the same server, the same clock.</summary>
/// <param name="CredentialsPath">The shared file.</param>
/// <param name="TokenEndpoint">The server.</param>
/// <param name="TimeProvider">The clock that decides what has expired.</param>
/// <param name="OnSave">
/// Called right before the rename that makes new tokens visible: afterwards a waiter may run before the saver does.
/// </param>
internal sealed record CoordinationSettings(string CredentialsPath, Uri TokenEndpoint, TimeProvider TimeProvider, Action OnSave)
{
    internal const string ClientId = "benchmarks";
}
