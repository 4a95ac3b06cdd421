namespace TokenRefresh.Tests.Exploration.Model;

/// <summary>One machine, one server and one moment: everything on which the future depends.</summary>
internal sealed class World : IWorld
{
    // Late for the limit of a request, and not yet at that of the refresh.
    private static readonly TimeSpan SleepPastLimit = TimeSpan.FromSeconds(2);

    private readonly int _thread = Environment.CurrentManagedThreadId;
    private readonly List<ModelProcess> _processes = [];
    private readonly List<ModelProvider> _providers = [];
    private readonly List<Step> _steps = [];
    private readonly List<ForeignWrite> _writes;
    private readonly OAuthCredentials _first;

    internal World(Scenario scenario)
    {
        Scenario = scenario;
        Faults = scenario.Faults with { };
        Locks = new ModelLocks(scenario.CanRecordBecomePoorer);
        Rules = new Rules(this);
        Server = new ModelServer(this, scenario.ServerReuseWindow);
        _first = Server.Issue("ours", predecessor: null, scenario.FirstLifetime);
        File = new ModelFile(_first);
        _writes = [.. scenario.ForeignWrites];
        foreach (Func<ModelProvider, Task>[] scripts in scenario.Processes)
        {
            Start(((char)('A' + _processes.Count)).ToString(), scripts);
        }
    }

    internal Scenario Scenario { get; }

    internal TimeSpan Elapsed { get; private set; }

    internal ModelFile File { get; }

    internal ModelLocks Locks { get; }

    internal ModelServer Server { get; }

    internal Rules Rules { get; }

    internal Faults Faults { get; private set; }

    internal OAuthCredentials First => _first;

    internal IReadOnlyList<ModelProvider> Providers => _providers;

    internal bool IsUndisturbed =>
        Faults == Scenario.Faults && _writes.Count == Scenario.ForeignWrites.Count && Scenario.Requests is not null;

    internal int LockFilesDeleted { get; private set; }

    internal bool HasRolledBack { get; private set; }

    /// <summary>Gets whether used tokens may be stored of which no record tells: then only who exchanged them can know.</summary>
    internal bool HasForgotten => HasRolledBack && LockFilesDeleted > 0;

    internal OAuthCredentials? Backup { get; private set; }

    private byte[] BackupRecord { get; set; } = [];

    internal ModelProvider Start(string name, params Func<ModelProvider, Task>[] scripts)
    {
        var process = new ModelProcess(this, name, Scenario.IsQueueing);
        _processes.Add(process);
        for (var i = 0; i < scripts.Length; i++)
        {
            var provider = new ModelProvider(this, process, scripts.Length == 1 ? name : $"{name}{i + 1}");
            process.Providers.Add(provider);
            _providers.Add(provider);
            provider.Live(scripts[i]);
        }

        Settle();

        return _providers[^1];
    }

    /// <summary>Gets what can happen now; nothing at the end.</summary>
    public IReadOnlyList<Step> Steps => _steps;

    public string? Broken => Rules.Broken;

    public void Take(Step step)
    {
        step.Take();
        Settle();
        Rules.AfterStep();
    }

    private void FindSteps()
    {
        _steps.Clear();
        foreach (ModelProvider provider in _providers)
        {
            provider.AddSteps(_steps);
        }

        Server.AddSteps(_steps);
        foreach (ForeignWrite write in _writes)
        {
            if (write.IsPossible(this))
            {
                _steps.Add(new("another program", write.Text, () => Write(write), IsOptional: true));
            }
        }

        if (_steps.TrueForAll(s => s.IsOptional) && _providers.TrueForAll(p => p.IsFinished || !p.Process.IsAlive))
        {
            // No one is left to be killed or disposed; a file can still be written, or not.
            if (_steps.Count > 0)
            {
                _steps.Add(new("no one", "writes the file any more", _writes.Clear));
            }

            return;
        }

        AddFaults();
    }

    /// <summary>Ends all that may go wrong: what comes now is how it looks afterwards.</summary>
    internal void Calm()
    {
        Faults = new Faults();
        _writes.Clear();
        FindSteps();
    }

    /// <summary>Stops everything for longer than the limit of a request.</summary>
    internal void Sleep()
    {
        Faults.Sleeps--;
        Elapsed += Scenario.Options.AttemptTimeout + SleepPastLimit;
    }

    internal void BackUp()
    {
        Backup = File.Content;
        BackupRecord = Locks.RecordAtPath;
    }

    internal void RestoreLockFile()
    {
        LockFilesDeleted++;
        Locks.Replace(BackupRecord);
    }

    internal void AssertOnThread()
    {
        if (Environment.CurrentManagedThreadId != _thread)
        {
            Rules.Break("The product left the explorer's thread: its schedule is no longer the explorer's.");
        }
    }

    // What the product has in hand cannot be copied.
    public IWorld? Fork() => null;

    public void End()
    {
        Rules.AtEnd();
        Recovery.Run(this);
    }

    public UInt128 Key()
    {
        var state = default(StateHash);
        state.Add(Elapsed.Ticks);
        Faults.AddTo(ref state);
        state.Add(_writes.Count);
        foreach (ForeignWrite write in _writes)
        {
            state.Add(write.Text);
        }

        File.AddTo(ref state);
        state.Add(Backup);
        Locks.AddTo(ref state);
        Server.AddTo(ref state);
        foreach (ModelProcess process in _processes)
        {
            process.AddTo(ref state);
        }

        foreach (ModelProvider provider in _providers)
        {
            provider.AddTo(ref state);
        }

        return state.Value;
    }

    private void AddFaults()
    {
        if (Faults.Crashes > 0)
        {
            foreach (ModelProcess process in _processes)
            {
                if (process.IsAlive && process.Providers.Exists(p => !p.IsFinished))
                {
                    _steps.Add(new(process.Name, "is killed", () => Crash(process), IsOptional: true));
                }
            }
        }

        if (Faults.DeletedLockFiles > 0)
        {
            _steps.Add(new("another program", "deletes the lock file", DeleteLockFile, IsOptional: true));
        }
    }

    private void Crash(ModelProcess process)
    {
        Faults.Crashes--;
        process.Crash();
    }

    private void DeleteLockFile()
    {
        Faults.DeletedLockFiles--;
        LockFilesDeleted++;
        Locks.Delete();
    }

    private void Write(ForeignWrite write)
    {
        _writes.Remove(write);
        HasRolledBack |= write == ForeignWrite.Rollback || write == ForeignWrite.Restore;
        File.Write(write.Content(this));
        write.Then?.Invoke(this);
    }

    // Time passes only when nothing else must happen.
    private void Settle()
    {
        foreach (ModelProvider provider in _providers)
        {
            provider.Settle();
        }

        FindSteps();
        if (_steps.TrueForAll(s => s.IsOptional)
            && _providers.Where(p => p.Process.IsAlive).Min(p => p.NextDue) is { } due
            && due > Elapsed)
        {
            Elapsed = due;
            FindSteps();
        }
    }
}
