namespace TokenRefresh.Locking;

/// <summary>What one provider asks of the shared engine.</summary>
internal readonly record struct LockRequest(TimeSpan Timeout, bool AllowUnreliable, TimeProvider TimeProvider);
