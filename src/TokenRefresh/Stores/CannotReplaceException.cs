namespace TokenRefresh.Stores;

/// <summary>A rename onto this target cannot work, today or later: EBUSY of a mount point, EXDEV of another file system.</summary>
internal sealed class CannotReplaceException(string message) : IOException(message);
