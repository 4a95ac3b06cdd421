namespace TokenRefresh;

/// <summary>A new pair could not be saved; it is served from memory and saved again as soon as possible.</summary>
/// <param name="Location">Where the credentials are.</param>
/// <param name="Exception">Why saving failed.</param>
public sealed record SaveFailedEvent(string Location, Exception Exception);
