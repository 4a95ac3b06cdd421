namespace TokenRefresh;

/// <summary>Describes the process that holds the lock of the credentials.</summary>
/// <param name="ProcessId">The process id, in the holder's own pid name space.</param>
/// <param name="ProcessName">The process name.</param>
/// <param name="Host">The host name; differs from this host's on a shared file system.</param>
/// <param name="Since">When the lock was granted, by the holder's wall clock.</param>
public sealed record LockHolder(int ProcessId, string ProcessName, string Host, DateTimeOffset Since)
{
    /// <summary>Returns pid and name as messages show them.</summary>
    /// <returns>For example <c>4711 (worker)</c>.</returns>
    public override string ToString() => $"{ProcessId} ({ProcessName})";
}
