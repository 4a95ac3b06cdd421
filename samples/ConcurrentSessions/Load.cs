namespace ConcurrentSessions;

/// <summary>What both halves are put under.</summary>
/// <param name="Processes">How many session processes share the login.</param>
/// <param name="Callers">How many callers each session has.</param>
/// <param name="Lifetime">How long an access token lives.</param>
/// <param name="Expiries">After how many expiries the half ends.</param>
/// <param name="Seed">The seed of the pauses between requests.</param>
internal sealed record Load(int Processes, int Callers, TimeSpan Lifetime, int Expiries, int Seed)
{
    /// <summary>How long a half may take, should it not reach its expiries.</summary>
    public TimeSpan Patience => ((Expiries + 1) * Lifetime) + TimeSpan.FromSeconds(3);
}

/// <summary>The only thing in which the halves differ.</summary>
internal enum ProviderKind
{
    Uncoordinated,
    Coordinated,
    CoordinatedWithNoOpLock,
}
