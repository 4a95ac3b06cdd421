namespace TokenRefresh.Stores;

/// <summary>Another process took a temp file for a left-over in the moment between its creation and its lock. One with another name will do.</summary>
internal sealed class TempFileSweptException(string path) : IOException($"The temp file '{path}' was swept by another process.");
