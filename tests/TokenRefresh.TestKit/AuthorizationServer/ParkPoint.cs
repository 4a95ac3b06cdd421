namespace TokenRefresh.TestKit;

/// <summary>Where a request is parked.</summary>
public enum ParkPoint
{
    /// <summary>Received, but nothing decided: the refresh token is not spent yet, the bearer not checked.</summary>
    BeforeProcessing,

    /// <summary>Decided, but not answered: the refresh token is spent, the new pair is on nobody's disk.</summary>
    AfterProcessing,
}
