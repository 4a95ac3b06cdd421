namespace TokenRefresh.Tests.Contracts;

/// <summary>A medium in memory of several stores, with what a store does not know in it, and what can be damaged.</summary>
internal sealed class FaultyMedium
{
    public InMemoryCredentialsStore Store { get; } = new();

    public CancellationTokenSource Waits { get; } = new();

    public ICredentialsLease? Granted { get; set; }

    public bool HasUnknownData { get; set; }

    public bool IsLoginDamaged { get; set; }

    public bool IsRecordDamaged { get; set; }

    public int ChangeWaits { get; set; }
}
