namespace TokenRefresh;

/// <summary>A sign-in or sign-out found a file that held no JSON, as a crash or a program that writes UTF-16 leaves it, and moved it
/// aside.</summary>
/// <param name="Location">Where the credentials are.</param>
/// <param name="MovedTo">Where the damaged file is now, readable for its owner alone. It may hold tokens.</param>
public sealed record DamagedFileMovedEvent(string Location, string MovedTo);
