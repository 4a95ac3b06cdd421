namespace TokenRefresh;

/// <summary>New tokens could not be saved; they are served from memory and saved again as soon as possible.</summary>
/// <param name="Location">Where the credentials are.</param>
/// <param name="Exception">Why saving failed.</param>
public sealed record SaveFailedEvent(string Location, Exception Exception);
