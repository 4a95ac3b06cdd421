namespace TokenRefresh.Keychain;

/// <summary>The items of one user's keychain. Safe for concurrent use.</summary>
/// <remarks>
/// Each call ends when its token is cancelled, or, where that is not possible, when what it has begun has ended: while the task of a write
/// runs, the write may still happen. Failures are <see cref="KeychainException"/>s.
/// </remarks>
internal interface IKeychain : IDisposable
{
    /// <summary>Gets what messages call it.</summary>
    string Name { get; }

    /// <summary>Finds what an item of this content could not be stored for.</summary>
    /// <returns>Why it is too large, or <see langword="null"/>.</returns>
    string? FindProblem(KeychainItem item, ReadOnlyMemory<byte> content);

    /// <returns>The content; <see langword="null"/> only if the keychain is unlocked and has no such item.</returns>
    Task<byte[]?> ReadAsync(KeychainItem item, CancellationToken cancellationToken);

    /// <summary>Creates the item, or replaces its content.</summary>
    Task WriteAsync(KeychainItem item, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <summary>Deletes the item; nothing happens if it is missing.</summary>
    Task DeleteAsync(KeychainItem item, CancellationToken cancellationToken);
}

/// <summary>The names by which an item is found.</summary>
internal sealed record KeychainItem(string Service, string Account);
