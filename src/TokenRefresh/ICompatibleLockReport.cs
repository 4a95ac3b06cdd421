namespace TokenRefresh;

/// <summary>A store that takes locks of other programs too, and can say which of them it does not get.</summary>
internal interface ICompatibleLockReport
{
    /// <summary>Tells which lock the last try to acquire a lease waited for, and what is known of it; <see langword="null"/> if it was none
    /// of them.</summary>
    (string Path, string State)? FindObstacle();
}
