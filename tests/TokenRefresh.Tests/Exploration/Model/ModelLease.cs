namespace TokenRefresh.Tests.Exploration.Model;

/// <summary>
/// A lease on one inode of the lock file. Preparing takes three steps, as in the file store: the own temp file, the look for others, the
/// lock's identity.
/// </summary>
internal sealed class ModelLease(ModelProvider owner, int file) : ICredentialsLease
{
    private readonly World _world = owner.World;

    public string Location => "model";

    public string LockPath => "lock";

    internal ModelProvider Owner { get; } = owner;

    /// <summary>Gets the number of the lock file's inode.</summary>
    internal int File { get; } = file;

    internal bool IsReleased { get; private set; }

    /// <summary>Gets what was read last under this lease.</summary>
    internal OAuthCredentials? LastRead { get; private set; }

    public async ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default) =>
        await Point("reads the file under the lock", () => LastRead = _world.File.Content, ModelStore.Observe, cancellationToken);

    public async ValueTask<bool> PrepareAsync(CancellationToken cancellationToken = default)
    {
        // In one step where no one deletes the lock file: no one else is under the lock then to tell the difference.
        if (_world.Scenario.Faults.DeletedLockFiles == 0)
        {
            return await Point("prepares the save", () => Do(() => _world.Locks.AddTempFile(this)), ObserveFlag, cancellationToken);
        }

        await Point("makes its temp file", () => Do(() => _world.Locks.AddTempFile(this)), ObserveFlag, cancellationToken);
        bool isAlone = await Point(
            "looks for other temp files", () => DropUnless(_world.Locks.IsOnlyTempFile(this)), ObserveFlag, cancellationToken);
        return isAlone
            && await Point(
                "checks that its lock file is still there", () => DropUnless(_world.Locks.IsAtPath(this)), ObserveFlag, cancellationToken);
    }

    public ValueTask<CredentialsCommit> CommitAsync(
        OAuthCredentials? expected, OAuthCredentials? next, CancellationToken cancellationToken = default) =>
        new(new Point<CredentialsCommit>(Owner, "saves", () => Commit(expected, next), ObserveCommit, cancellationToken)
            .OrFault("cannot save", () => _world.Faults.FailedSaves > 0, () => FailToSave(expected, next, isReplaced: false))
            .OrFault(
                "saves and is told that it failed",
                () => _world.Faults.FailedSaves > 0 && OAuthCredentials.AreSameLogin(expected, _world.File.Content),
                () => FailToSave(expected, next, isReplaced: true))
            .Start());

    public async ValueTask WriteRecordAsync(ReadOnlyMemory<byte> record, bool durable, CancellationToken cancellationToken = default) =>
        await Point(
            durable ? "notes in the record, flushed" : "notes in the record", () => Do(() => Note(record)), ObserveFlag, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (!IsReleased)
        {
            await Point("gives the lock back", () => Do(Release), ObserveFlag);
        }
    }

    private static void ObserveFlag(ref StateHash observed, bool flag) => observed.Add(flag);

    private static void ObserveCommit(ref StateHash observed, CredentialsCommit commit)
    {
        observed.Add(commit.IsCommitted);
        observed.Add(commit.Current);
    }

    private static bool Do(Action act)
    {
        act();
        return true;
    }

    private Task<T> Point<T>(string text, Func<T> act, ObservedResult<T> observe, CancellationToken cancellation = default) =>
        new Point<T>(Owner, text, act, observe, cancellation).Start();

    private bool DropUnless(bool isGood)
    {
        if (!isGood)
        {
            _world.Locks.DropTempFile(this);
        }

        return isGood;
    }

    private CredentialsCommit Commit(OAuthCredentials? expected, OAuthCredentials? next)
    {
        OAuthCredentials? current = _world.File.Content;
        _world.Rules.OnCommit(Owner, current, next, isReplacing: OAuthCredentials.AreSameLogin(expected, current));
        if (!OAuthCredentials.AreSameLogin(expected, current))
        {
            return CredentialsCommit.Superseded(current);
        }

        _world.Locks.DropTempFile(this);
        _world.File.Write(next);
        return CredentialsCommit.Committed(next);
    }

    // The rename may have happened: a flush of the directory that fails comes after it.
    private CredentialsSaveException FailToSave(OAuthCredentials? expected, OAuthCredentials? next, bool isReplaced)
    {
        _world.Faults.FailedSaves--;
        if (isReplaced)
        {
            Commit(expected, next);
        }

        _world.Locks.DropTempFile(this);
        _world.Rules.OnFailedSave(Owner, next);
        return new CredentialsSaveException("The disk is full.");
    }

    private void Note(ReadOnlyMemory<byte> record)
    {
        _world.Locks.WriteRecord(this, record.ToArray());
        Owner.EndRefused();
    }

    private void Release()
    {
        Owner.EndRefused();
        IsReleased = true;
        Owner.Process.Release(this);
    }
}
