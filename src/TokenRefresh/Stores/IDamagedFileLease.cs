namespace TokenRefresh.Stores;

/// <summary>A lease that can move a damaged file out of the way of a sign-in or sign-out.</summary>
internal interface IDamagedFileLease
{
    /// <summary>Renames the file, in its directory and for its owner alone, if it holds the same bytes for a second and these are no JSON.
    /// It is never deleted.</summary>
    /// <param name="cancellationToken">Ends the wait; nothing was renamed then.</param>
    /// <returns>The new path, or <see langword="null"/> if the file is no longer damaged, is being written, or is mounted by
    /// itself.</returns>
    /// <exception cref="CredentialsFileException">It cannot be renamed.</exception>
    ValueTask<string?> TryMoveAsideAsync(CancellationToken cancellationToken);
}
