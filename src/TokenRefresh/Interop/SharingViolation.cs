namespace TokenRefresh.Interop;

/// <summary>
/// A virus scanner, an indexer or a backup on Windows that has a file open without sharing it, for some 100 ms. Every open of the
/// credentials and of the lock file goes through here.
/// </summary>
internal static class SharingViolation
{
    private const int PauseMilliseconds = 20;

    private const int ErrorSharingViolation = unchecked((int)0x8007_0020);
    private const int ErrorLockViolation = unchecked((int)0x8007_0021);

    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(2);
    private static readonly object NeverPulsed = new();

    internal static bool Is(Exception error) => error is IOException { HResult: ErrorSharingViolation or ErrorLockViolation };

    /// <summary>Opens or reads a file, and does so again for 2 seconds, blocking, while that is a sharing violation.</summary>
    internal static T Outlast<T>(Func<T> open, TimeProvider? time = null)
    {
        time ??= TimeProvider.System;
        long start = time.GetTimestamp();
        while (true)
        {
            try
            {
                return open();
            }
            catch (IOException e) when (Is(e) && time.GetElapsedTime(start) < LongestWait)
            {
                lock (NeverPulsed)
                {
                    Monitor.Wait(NeverPulsed, PauseMilliseconds);
                }
            }
        }
    }
}
