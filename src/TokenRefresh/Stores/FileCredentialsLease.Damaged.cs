using TokenRefresh.Interop;

namespace TokenRefresh.Stores;

/// <content>Moves a file aside that holds no JSON: what a crash, or a program that writes UTF-16, left there.</content>
internal sealed partial class FileCredentialsLease
{
    public async ValueTask<string?> TryMoveAsideAsync(CancellationToken cancellationToken)
    {
        if (store.Reader.TryReadDamaged(paths) is not { } damaged)
        {
            return null;
        }

        // By then, a program that is in the middle of writing the file has finished.
        await Task.Delay(SettleTime, _time, cancellationToken).ConfigureAwait(false);
        long start = _time.GetTimestamp();
        string aside = paths.NewDamagedPath(store.Files, _time.GetUtcNow());

        // The last look. In the microseconds between it and the rename, a program that ignores the lock may write, and that is moved.
        while (damaged.AsSpan().SequenceEqual(store.Reader.TryReadDamaged(paths)))
        {
            try
            {
                return TryMoveAside(aside);
            }
            catch (Exception e) when (FileErrors.IsInUse(e) && _time.GetElapsedTime(start) < store.Settings.SaveTimeout)
            {
                // Another program on Windows has it open, and lets go soon.
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new CredentialsFileException(
                    paths.Target,
                    $"The damaged file '{paths.Target}' cannot be moved aside: {e.Message} "
                    + "Make its directory writable for this user, or move the file yourself. Nothing was changed.",
                    e);
            }

            await Task.Delay(Pause, _time, cancellationToken).ConfigureAwait(false);
        }

        return null;
    }

    private string? TryMoveAside(string aside)
    {
        if (!store.Files.TryMoveAside(paths.Target, aside))
        {
            return null;
        }

        store.Files.FlushDirectory(paths.Directory);
        return aside;
    }
}
