namespace TokenRefresh.Tool.Checks;

/// <summary>A lock by the protocol of npm's proper-lockfile: a directory whose time its holder renews every few seconds.</summary>
internal static class LockDirectory
{
    private static readonly TimeSpan Stale = TimeSpan.FromSeconds(62);

    // A heartbeat and a second: whoever holds it would have renewed it.
    private static readonly TimeSpan Watch = TimeSpan.FromSeconds(6);

    internal static Finding Look(string path)
    {
        DateTime renewed = Directory.GetLastWriteTimeUtc(path);
        TimeSpan age = TimeProvider.System.GetUtcNow().UtcDateTime - renewed;
        return age < Stale && age >= TimeSpan.Zero
            ? Finding.Note("owner's lock", $"'{path}' is held by another program.")
            : Finding.Problem(
                "owner's lock",
                $"'{path}' was left by a program that ended without removing it, and keeps others from refreshing.",
                $"End programs that use the login, and run 'rmdir {path}'.") with
            {
                Fix = () => RemoveAsync(path, renewed),
            };
    }

    private static async Task<string> RemoveAsync(string path, DateTime renewed)
    {
        await Task.Delay(Watch, TimeProvider.System).ConfigureAwait(false);
        if (Directory.GetLastWriteTimeUtc(path) != renewed)
        {
            return $"left '{path}', which was renewed meanwhile";
        }

        Directory.Delete(path);
        return $"removed '{path}'";
    }
}
