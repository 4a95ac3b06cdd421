using TokenRefresh.Record;
using TokenRefresh.Stores;
using TokenRefresh.Tests.Exploration.Model;

namespace TokenRefresh.Tests.Exploration.Machine;

/// <summary>One machine at one moment: its disk, its processes, and what the server has issued.</summary>
internal sealed class MachineWorld : IWorld
{
    // The numbers of processes that are not of the scenario.
    private const int Late = 8;
    private const int Installer = 7;

    private readonly List<MachineProcess> _processes = [];
    private readonly List<Exchange> _exchanges = [];
    private readonly List<UInt128> _contents = [];
    private readonly List<ForeignAct> _acts;
    private List<Step>? _steps;
    private int _kills;
    private bool _mayLosePower;
    private MachineProcess? _mover;
    private int _switches;

    internal MachineWorld(MachineScenario scenario)
    {
        Scenario = scenario;
        Disk = new Disk();
        Rules = new MachineRules(this);
        _acts = [.. scenario.ForeignActs];
        _kills = scenario.Kills;
        _mayLosePower = scenario.MayLosePower;
        _switches = scenario.Switches;
        Inode first = Disk.Create(Disk.Credentials, Installer, 1)!;
        first.Replace(MachineContent.First);
        first.Flush();
        Disk.FlushDirectory();
        NoteContent();
        foreach (Func<Run, Task> script in scenario.Processes)
        {
            var process = new MachineProcess(((char)('A' + _processes.Count)).ToString(), _processes.Count + 1, script);
            _processes.Add(process);
            Advance(process, calls: 0);
        }
    }

    private MachineWorld(MachineWorld other)
    {
        Scenario = other.Scenario;
        Disk = other.Disk.Copy();
        Rules = new MachineRules(this);
        other.Rules.CopyTo(Rules);
        _processes.AddRange(other._processes.Select(p => p.Fork()));
        _exchanges.AddRange(other._exchanges);
        _contents.AddRange(other._contents);
        _acts = [.. other._acts];
        Foreign.AddRange(other.Foreign);
        _kills = other._kills;
        _mayLosePower = other._mayLosePower;
        _switches = other._switches;
        _mover = other._mover is null ? null : _processes[other._processes.IndexOf(other._mover)];
        FlushedSequence = other.FlushedSequence;
    }

    public IReadOnlyList<Step> Steps => _steps ??= FindSteps();

    public string? Broken => Rules.Broken;

    internal MachineScenario Scenario { get; }

    internal Disk Disk { get; }

    internal MachineRules Rules { get; }

    internal IReadOnlyList<MachineProcess> Processes => _processes;

    internal IReadOnlyList<Exchange> Exchanges => _exchanges;

    /// <summary>Gets what other programs have begun and not ended: that happens, sooner or later.</summary>
    internal List<ForeignAct> Foreign { get; } = [];

    /// <summary>Gets the number of the record that was flushed last.</summary>
    internal long FlushedSequence { get; private set; }

    /// <summary>Gets whether no process can go on but by the end of its pause.</summary>
    internal bool IsStill =>
        Foreign.Count == 0 && _processes.TrueForAll(p => !p.IsRunning || p.Next == MachineProcess.Pauses || !IsPossible(p));

    internal UInt128 SeenNow => MachineFiles.LookAt(Disk, Disk.Credentials).Hash;

    internal bool IsFirstContent => Disk.Find(Disk.Credentials) is { } inode && Extent.HashOf(inode.Content) == _contents[0];

    public void Take(Step step)
    {
        step.Take();
        _steps = null;
        if (_processes.Exists(p => p.IsRunning) && Foreign.Count == 0 && !_processes.Exists(p => p.IsRunning && IsPossible(p)))
        {
            Rules.Break($"{Model.Rules.EveryoneEnds}: all wait, and nothing can happen any more.");
        }
    }

    public void End()
    {
        // Where the power may fail, it is said in the end that it stays.
        bool isUndisturbed = _kills == Scenario.Kills && _acts.Count == Scenario.ForeignActs.Count && !Scenario.MayLosePower;
        if (isUndisturbed && Scenario.Requests is { } expected && _exchanges.Count != expected)
        {
            Rules.Break($"{Model.Rules.OneRequestPerExpiry}: {_exchanges.Count} requests instead of {expected}.");
        }

        var late = new MachineProcess("Z", Late, MachineProvider.RefreshAsync);
        Advance(late, int.MaxValue);
        Rules.AtEnd(late);
    }

    public IWorld Fork() => new MachineWorld(this);

    public UInt128 Key()
    {
        var state = default(StateHash);
        state.Add(_kills);
        state.Add(_mayLosePower);
        if (Scenario.Switches < int.MaxValue)
        {
            state.Add(_switches);
            state.Add(_mover?.Name);
        }

        state.Add(FlushedSequence);
        Rules.AddTo(ref state);
        Disk.AddTo(ref state, _mayLosePower);
        foreach (ForeignAct act in _acts.Concat(Foreign))
        {
            state.Add(act.Text);
        }

        foreach (MachineProcess process in _processes)
        {
            process.AddTo(ref state);
        }

        // In which order they were made is nothing to what comes.
        foreach (Exchange exchange in _exchanges.OrderBy(e => e.Next, StringComparer.Ordinal))
        {
            state.Add(exchange.Next);
            state.Add((int)exchange.Fate);
            state.Add(exchange.IsPromised);
        }

        return state.Value;
    }

    internal bool IsExchanging(MachineProcess process) => _exchanges.Exists(e => e.Sender == process.Number && e.Fate == Fate.Open);

    internal string Send(MachineProcess sender, string token)
    {
        Rules.OnSend(sender, token);
        int count = _exchanges.Count(e => e.Token == token && e.Sender == sender.Number);
        var exchange = new Exchange(token, sender.Number, $"{token}-{sender.Name}{count}");
        _exchanges.Add(exchange);
        return exchange.Next;
    }

    /// <summary>Ends the exchange of a process that is under way.</summary>
    internal void Settle(MachineProcess process, Fate fate) =>
        Change(e => e.Sender == process.Number && e.Fate == Fate.Open, e => e with { Fate = fate });

    /// <summary>Notes that the process that obtained a token serves it. One that only finds it may do so before it is durable.</summary>
    internal bool Promise(MachineProcess process, string accessToken)
    {
        Change(e => e.Sender == process.Number && accessToken == $"access-{e.Next}", e => e with { IsPromised = true });
        return true;
    }

    internal void NoteContent()
    {
        UInt128 hash = Disk.Find(Disk.Credentials) is { } inode ? Extent.HashOf(inode.Content) : default;
        if (!_contents.Contains(hash))
        {
            _contents.Add(hash);
        }
    }

    internal bool HasBeenContent(Inode? inode) => inode is not null && _contents.Contains(Extent.HashOf(inode.Content));

    internal void NoteFlush(Inode inode)
    {
        if (Disk.Find(Disk.LockFile) == inode)
        {
            FlushedSequence = ReadSequence();
        }
    }

    /// <summary>Reads the number of the record as a fresh process would.</summary>
    internal long ReadSequence()
    {
        var reader = new MachineProcess("reader", Installer, _ => Task.CompletedTask);
        ReadOnlyMemory<byte> text = CoordinationFile.ReadRecord(Disk.LockFile, new MachineFiles(new Run(this, reader, int.MaxValue)));
        Disk.CloseAll(Installer);
        return RecordJson.Read(text.Span, "").Sequence;
    }

    internal void WriteInPlace(ulong number, byte[] bytes)
    {
        Disk.Write(number, bytes);
        NoteContent();
    }

    // Whether the processor is taken from a process that could go on.
    private bool IsSwitch(MachineProcess next) => _mover is { IsRunning: true } mover && mover != next && IsPossible(mover);

    private bool IsPossible(MachineProcess process) => process.IsNextPossible?.Invoke(this, process) != false;

    private List<Step> FindSteps()
    {
        var steps = new List<Step>();
        bool isAnyRunning = _processes.Exists(p => p.IsRunning);
        foreach (MachineProcess process in _processes)
        {
            if (process.IsRunning && IsPossible(process) && (_switches > 0 || !IsSwitch(process)))
            {
                steps.Add(new(process.Name, process.Next, () => Step(process)));
            }
        }

        foreach (ForeignAct act in Foreign)
        {
            steps.Add(new("another program", act.Text, () => Do(act, Foreign)));
        }

        if (_mayLosePower)
        {
            AddPowerCuts(steps);
        }

        if (!isAnyRunning)
        {
            if (_mayLosePower)
            {
                steps.Add(new("the power", "stays", () => _mayLosePower = false));
            }

            return steps;
        }

        foreach (ForeignAct act in _acts)
        {
            if (act.IsPossible(this))
            {
                steps.Add(new("another program", act.Text, () => Do(act, _acts), IsOptional: true));
            }
        }

        foreach (MachineProcess process in _processes)
        {
            if (_kills > 0 && process.IsRunning)
            {
                steps.Add(new(process.Name, "is killed", () => Kill(process), IsOptional: true));
            }
        }

        return steps;
    }

    private void AddPowerCuts(List<Step> steps)
    {
        foreach (Disk.Rest names in new[] { Disk.Rest.Durable, Disk.Rest.All })
        {
            foreach (Disk.Rest data in Enum.GetValues<Disk.Rest>())
            {
                string what = $"fails, names: {names}, data: {data}".ToLowerInvariant();
                steps.Add(new("the power", what, () => LosePower(names, data), IsOptional: true));
            }
        }
    }

    private void Step(MachineProcess process)
    {
        _switches -= IsSwitch(process) ? 1 : 0;
        _mover = process;
        HaveOthersMoved(process);
        process.HaveOthersMoved = false;
        Advance(process, calls: 1);
    }

    private void Do(ForeignAct act, List<ForeignAct> from)
    {
        from.Remove(act);
        act.Act(this);
        HaveOthersMoved(mover: null);
    }

    private void HaveOthersMoved(MachineProcess? mover)
    {
        foreach (MachineProcess process in _processes)
        {
            process.HaveOthersMoved |= process != mover;
        }
    }

    private void Advance(MachineProcess process, int calls)
    {
        var run = new Run(this, process, calls);
        Task life = process.Script(run);
        if (run.IsOver)
        {
            return;
        }

        run.Settle();
        process.End();
        Disk.CloseAll(process.Number);
        if (!life.IsCompleted)
        {
            Rules.Break("The product left the explorer's thread: its schedule is no longer the explorer's.");
        }
        else if (life.Exception?.InnerException is { } failure)
        {
            Rules.OnFailure(process, failure);
        }
    }

    private void Kill(MachineProcess process)
    {
        _kills--;
        Die(process);
        HaveOthersMoved(process);
    }

    private void Die(MachineProcess process)
    {
        process.End();
        Disk.CloseAll(process.Number);
        Settle(process, Fate.Unknown);
    }

    private void LosePower(Disk.Rest names, Disk.Rest data)
    {
        _mayLosePower = false;
        _processes.ForEach(Die);
        Disk.LosePower(names, data);
        Foreign.Clear();
        Rules.OnPowerCut();
        string stored = MachineContent.RefreshTokenOf(Disk.Find(Disk.Credentials)?.ToArray() ?? []) ?? "";
        Change(e => !e.IsAncestorOf(stored), e => e with { Fate = Fate.Unknown });
    }

    private void Change(Predicate<Exchange> which, Func<Exchange, Exchange> change)
    {
        for (var i = 0; i < _exchanges.Count; i++)
        {
            _exchanges[i] = which(_exchanges[i]) ? change(_exchanges[i]) : _exchanges[i];
        }
    }
}
