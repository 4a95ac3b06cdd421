using TokenRefresh.Record;
using TokenRefresh.Refresh;
using TokenRefresh.Stores.Json;
using TokenRefresh.Tool.Storage;

namespace TokenRefresh.Tool.Migration;

/// <summary>Moves a login from one store to another, under the leases of both.</summary>
/// <remarks>
/// At no moment may both copies be used, and after a crash the login may not be lost. So the copy in the new store is blocked by its record
/// before it is written, that in the old one before it is removed, and only then is the new one released. Each step finds what a killed one
/// left:
/// <code>
///                     old store     new store
/// 1 block the new                   (nothing)          the old copy is used
/// 2 write, read back                blocked            the old copy is used
/// 3 block the old     blocked       blocked            neither, until the move is run again
/// 4 empty the old     (nothing)     blocked            neither, until the move is run again
/// 5 release the new   (nothing)     usable             the new copy is used
/// 6 forget the move
/// </code>
/// </remarks>
internal sealed class LoginMove(LoginStore source, LoginStore target, TokenRefreshOptions options, TimeProvider time)
{
    private const int Tries = 5;

    // Times are kept in seconds by some formats.
    private static readonly TimeSpan Rounding = TimeSpan.FromSeconds(1);

    private TimeProvider Clock => source.Store.Clock ?? target.Store.Clock ?? time;

    /// <summary>Moves it, or finishes an earlier move.</summary>
    /// <returns>Whether there was something to do; otherwise the login is in the new store alone already.</returns>
    /// <exception cref="ToolException">It cannot be moved now; nothing was changed.</exception>
    /// <exception cref="TokenRefreshException">A store cannot be used. The same move can be run again.</exception>
    internal async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        // Whether both can be written is looked at under leases of its own: a record that is written after this look notes an attempt.
        await WithLeasesAsync(
            async (from, to) => await from.Lease.PrepareAsync(CancellationToken.None).ConfigureAwait(false)
                && await to.Lease.PrepareAsync(CancellationToken.None).ConfigureAwait(false),
            cancellationToken).ConfigureAwait(false);
        for (var tries = 0; tries < Tries; tries++)
        {
            if (await WithLeasesAsync(TryMoveAsync, cancellationToken).ConfigureAwait(false) is { } isMoved)
            {
                return isMoved;
            }
        }

        throw new ToolException(
            $"Another program keeps writing to '{source.Store.Location}' or '{target.Store.Location}'. End it, and run this again.",
            ExitCode.TryLater);
    }

    private static bool AreSame(OAuthCredentials one, OAuthCredentials? other) =>
        other is not null
        && one.HasSameTokens(other)
        && AreSame(one.ExpiresAt, other.ExpiresAt)
        && AreSame(one.RefreshTokenExpiresAt, other.RefreshTokenExpiresAt)
        && one.TokenType == other.TokenType
        && one.AccountId == other.AccountId
        && one.IdToken == other.IdToken
        && one.DPoPKey?.Thumbprint == other.DPoPKey?.Thumbprint
        && (one.Scopes ?? []).SequenceEqual(other.Scopes ?? [], StringComparer.Ordinal);

    private static bool AreSame(DateTimeOffset? one, DateTimeOffset? other) =>
        one is null || other is null ? one == other : (one.Value - other.Value).Duration() < Rounding;

    private async Task<bool?> TryMoveAsync(MoveSide from, MoveSide to)
    {
        await from.ReadAsync().ConfigureAwait(false);
        await to.ReadAsync().ConfigureAwait(false);
        if (to.Gone is { } gone)
        {
            throw gone;
        }

        if (from.Login is not { } login)
        {
            return await FinishAsync(from, to).ConfigureAwait(false);
        }

        ThrowIfUnsettled(from, to, login);
        OAuthCredentials copy = await CopyAsync(to, login).ConfigureAwait(false);
        return await WriteAsync(from, to, copy).ConfigureAwait(false)
            && await EmptyAsync(from, login).ConfigureAwait(false)
                ? await ReleaseAsync(from, to, login).ConfigureAwait(false)
                : null;
    }

    // The old store is empty: there was no login, or it was moved, and maybe the last steps are missing.
    private async Task<bool?> FinishAsync(MoveSide from, MoveSide to)
    {
        bool wasMoved = to.Login is not null && from.FindMoved(to.Login);
        if (wasMoved && to.Record.IsMoving(to.Login!))
        {
            await from.ForgetGoneAsync().ConfigureAwait(false);
            return await ReleaseAsync(from, to, to.Login!).ConfigureAwait(false);
        }

        if (from.Gone is { } gone && !wasMoved)
        {
            throw gone;
        }

        if (to.Login is null || MovedRecord.IsUsed(to.Record, to.Login))
        {
            throw new SignInRequiredException(
                SignInRequiredReason.NothingStored, $"There is no login in '{from.Location}' that could be moved.");
        }

        if (wasMoved)
        {
            await from.WriteRecordAsync(MovedRecord.Done(from.Record), Clock.GetUtcNow()).ConfigureAwait(false);
        }

        return false;
    }

    private void ThrowIfUnsettled(MoveSide from, MoveSide to, OAuthCredentials login)
    {
        if (MovedRecord.IsUsed(from.Record, login) && !from.Record.IsMoving(login))
        {
            throw new SignInRequiredException(
                SignInRequiredReason.RolledBack,
                $"The login in '{from.Location}' is an older copy: its refresh token was used before, or it was moved before. It was left "
                + "as it is.");
        }

        if (login.AccessToken.Length == 0)
        {
            throw new ToolException(
                $"The login in '{from.Location}' has no access token. Run 'token-refresh token', which gets one, and then this again.",
                ExitCode.TryLater);
        }

        string token = Fingerprint.Of(login.RefreshToken ?? "");
        if (login.RefreshToken is not null
            && (from.Record.Attempt?.Key.RefreshToken == token || to.Record.Attempt?.Key.RefreshToken == token))
        {
            throw new ToolException(
                $"The answer to the last refresh of the login in '{from.Location}' was lost, so it is not known whether its refresh token "
                + "still counts. Run 'token-refresh token' until it prints a new token, and then this again.",
                ExitCode.TryLater);
        }

        DateTimeOffset now = Clock.GetUtcNow();
        if (from.Record.FindExchanged(HoldKind.Unsaved, token) is { } unsaved && unsaved.IsRunning(now))
        {
            throw new ToolException(
                $"Process '{unsaved.Cause}' has refreshed the login in '{from.Location}' and could not save the new tokens yet. Let it do "
                + "that, and run this again.",
                ExitCode.TryLater);
        }

        if (to.Login is { } other && !other.HasSameTokens(login) && !MovedRecord.IsUsed(to.Record, other))
        {
            throw new ToolException(
                $"{Words.Place(to.Location)} holds another login, which was left as it is. Sign out of it by '{target.Logout}', or sign "
                + "out here.",
                ExitCode.File);
        }
    }

    // What the new store is to hold: tried in memory before anything is written.
    private async Task<OAuthCredentials> CopyAsync(MoveSide to, OAuthCredentials login)
    {
        var former = CredentialsDocument.Parse(await source.ReadDocumentAsync().ConfigureAwait(false), source.Format);
        ReadOnlyMemory<byte> present = await target.ReadDocumentAsync().ConfigureAwait(false);
        bool isSameFormat = CredentialsDocument.Parse(present, target.Format).Format.IsSameAs(former.Format);
        OAuthCredentials copy = login.WithModel(isSameFormat ? former.LoginObject : null);
        OAuthCredentials? kept = CredentialsJson.Read(CredentialsJson.Write(present, copy, target.Format), target.Format);
        string lost = string.Join("', '", isSameFormat ? [] : former.FurtherMembers);
        if (kept is null || !AreSame(login, kept) || lost.Length > 0)
        {
            throw new ToolException(
                $"The document in '{to.Location}' has another format, which does not keep all of this login"
                + $"{(lost.Length > 0 ? $" ('{lost}')" : "")}. Nothing was changed. Set 'fileFormat' in the profile to that of "
                + $"'{source.Store.Location}', so that both have it.",
                ExitCode.File);
        }

        if (to.Stored is null)
        {
            to.Use(kept.Login ?? "");
        }

        return copy;
    }

    private async Task<bool> WriteAsync(MoveSide from, MoveSide to, OAuthCredentials login)
    {
        DateTimeOffset now = Clock.GetUtcNow();
        ObtainedToken[] obtained = from.Record.Obtained;
        await to.WriteRecordAsync(MovedRecord.Blocked(to.Record.Union(from.Record), login, obtained, now), now).ConfigureAwait(false);
        if (!await to.Lease.PrepareAsync(CancellationToken.None).ConfigureAwait(false)
            || !(await to.Lease.CommitAsync(to.Stored, login).ConfigureAwait(false)).IsCommitted)
        {
            return false;
        }

        if (!AreSame(login, await target.Store.ReadAsync().ConfigureAwait(false)))
        {
            throw new ToolException(
                $"What was written to '{to.Location}' was not read back as it was written. The login stays in '{from.Location}'.",
                ExitCode.File);
        }

        await from.WriteRecordAsync(MovedRecord.Blocked(from.Record, login, obtained, now), now).ConfigureAwait(false);
        return true;
    }

    private static async Task<bool> EmptyAsync(MoveSide from, OAuthCredentials login) =>
        await from.Lease.PrepareAsync(CancellationToken.None).ConfigureAwait(false)
        && (await from.Lease.CommitAsync(login, null).ConfigureAwait(false)).IsCommitted;

    private async Task<bool?> ReleaseAsync(MoveSide from, MoveSide to, OAuthCredentials login)
    {
        OAuthCredentials? stored = await to.Lease.ReadAsync().ConfigureAwait(false);
        if (stored is null || !stored.HasSameTokens(login))
        {
            return null;
        }

        await to.WriteRecordAsync(MovedRecord.Released(to.Record, stored), Clock.GetUtcNow()).ConfigureAwait(false);
        await from.WriteRecordAsync(MovedRecord.Done(from.Record), Clock.GetUtcNow()).ConfigureAwait(false);
        return true;
    }

    // Always in the same order, or two moves in opposite directions would wait for each other.
    private async Task<T> WithLeasesAsync<T>(Func<MoveSide, MoveSide, Task<T>> run, CancellationToken cancellationToken)
    {
        (LoginStore first, LoginStore second) = source.Kind < target.Kind ? (source, target) : (target, source);
        ICredentialsLease one = await AcquireAsync(first, cancellationToken).ConfigureAwait(false);
        await using (one.ConfigureAwait(false))
        {
            ICredentialsLease other = await AcquireAsync(second, cancellationToken).ConfigureAwait(false);
            await using (other.ConfigureAwait(false))
            {
                return await run(
                    new MoveSide(source, first == source ? one : other),
                    new MoveSide(target, first == source ? other : one)).ConfigureAwait(false);
            }
        }
    }

    private async Task<ICredentialsLease> AcquireAsync(LoginStore opened, CancellationToken cancellationToken)
    {
        ICredentialsStore store = opened.Store;
        long start = time.GetTimestamp();
        return await store.AcquireLeaseAsync(options.LockTimeout, cancellationToken).ConfigureAwait(false)
            ?? throw new RefreshErrors(options, store).LockTimeout(
                time.GetElapsedTime(start), await store.ReadHolderAsync(cancellationToken).ConfigureAwait(false));
    }
}
