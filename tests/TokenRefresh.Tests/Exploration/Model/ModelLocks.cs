using TokenRefresh.Record;

namespace TokenRefresh.Tests.Exploration.Model;

/// <summary>
/// The lock file and the temp files beside the credentials: a lock belongs to an inode, and so does the record, since its bytes are in that
/// file.
/// </summary>
internal sealed class ModelLocks(bool isNumbered)
{
    private readonly List<LockFile> _files = [new LockFile()];
    private readonly List<ModelLease> _tempFiles = [];

    private LockFile AtPath => _files[^1];

    internal byte[] RecordAtPath => AtPath.Record;

    internal UInt128 RecordHashAtPath => AtPath.RecordHash;

    internal bool IsFree(ModelProcess process) => AtPath.Holder is null || (AtPath.Holder == process && !process.IsQueueing);

    internal bool IsAtPath(ModelLease lease) => lease.File == _files.Count - 1;

    /// <summary>Deletes the lock file; the next to open the path makes another one, with nothing noted in it.</summary>
    internal void Delete() => _files.Add(new LockFile());

    /// <summary>Puts another lock file in the place of this one.</summary>
    internal void Replace(byte[] record) => _files.Add(new LockFile { Record = record, RecordHash = HashOf(record) });

    internal int Lock(ModelProcess process)
    {
        AtPath.Holder = process;
        return _files.Count - 1;
    }

    internal void Unlock(ModelLease lease) => _files[lease.File].Holder = null;

    internal void WriteRecord(ModelLease lease, byte[] record)
    {
        _files[lease.File].Record = record;
        _files[lease.File].RecordHash = HashOf(record);
    }

    internal void AddTempFile(ModelLease lease)
    {
        if (!_tempFiles.Contains(lease))
        {
            _tempFiles.Add(lease);
        }
    }

    internal void DropTempFile(ModelLease lease) => _tempFiles.Remove(lease);

    internal bool IsOnlyTempFile(ModelLease lease) => _tempFiles.TrueForAll(p => p == lease);

    /// <summary>What the system does when a process is gone: its locks and its temp files are held by no one.</summary>
    internal void Forget(ModelProcess process)
    {
        foreach (LockFile file in _files.Where(f => f.Holder == process))
        {
            file.Holder = null;
        }

        _tempFiles.RemoveAll(p => p.Owner.Process == process);
    }

    internal void AddTo(ref StateHash state)
    {
        for (var i = 0; i < _files.Count; i++)
        {
            LockFile file = _files[i];
            if (file == AtPath || file.Holder is not null)
            {
                state.Add(i);
                state.Add(file.Holder?.Name);
                state.Add(file.RecordHash);
            }
        }

        foreach (ModelLease lease in _tempFiles)
        {
            state.Add(lease.Owner.Name);
            state.Add(lease.File);
        }
    }

    // Without the end of a pause, for which the product throws dice: what follows from it follows from the clock, which never comes to
    // stand between two possible ends. Without the number of the write too: it tells which of two records is newer, and where no lock file
    // is deleted that is always the one in the file.
    private UInt128 HashOf(byte[] bytes)
    {
        LoginRecord record = RecordJson.Read(bytes, "");
        record = new LoginRecord
        {
            Origin = isNumbered ? record.Origin : null,
            Sequence = isNumbered ? record.Sequence : 0,
            Attempt = record.Attempt,
            Holds = Array.ConvertAll(
                record.Holds,
                hold => hold.Kind == HoldKind.CoolDown ? new Hold(hold.Kind, hold.Key, hold.Since, hold.Since, hold.Count) : hold),
            Obtained = record.Obtained,
            Used = record.Used,
            Restored = record.Restored,
        };
        var hash = default(StateHash);
        hash.Add(System.Text.Encoding.UTF8.GetString(RecordJson.Write([], "", record, RecordJournal.MaximumSize)));
        return hash.Value;
    }

    private sealed class LockFile
    {
        internal ModelProcess? Holder { get; set; }

        internal byte[] Record { get; set; } = [];

        internal UInt128 RecordHash { get; set; }
    }
}
