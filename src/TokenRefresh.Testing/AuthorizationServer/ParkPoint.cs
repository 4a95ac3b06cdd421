namespace TokenRefresh.Testing;

/// <summary>Where a request is parked.</summary>
public enum ParkPoint
{
    /// <summary>Received, but nothing decided: the refresh token is not used yet, the access token not checked.</summary>
    BeforeProcessing,

    /// <summary>Decided, but not answered: the refresh token is used, and no client has the new tokens.</summary>
    AfterProcessing,
}
