using TokenRefresh.Tests.Exploration.Model;

namespace TokenRefresh.Tests.Exploration.Machine;

/// <summary>A process: what it does, and the answers of the system so far, of which its state is a function.</summary>
internal sealed record MachineProcess(string Name, int Number, Func<Run, Task> Script)
{
    internal const string Pauses = "pauses";

    private UInt128 _history;

    internal List<object?> Log { get; private init; } = [];

    /// <summary>Gets whether it has calls to make.</summary>
    internal bool IsRunning { get; private set; } = true;

    /// <summary>Gets or sets its next call.</summary>
    internal string Next { get; set; } = "";

    /// <summary>Gets or sets when its next call is possible, if that is not always so.</summary>
    internal Func<MachineWorld, MachineProcess, bool>? IsNextPossible { get; set; }

    /// <summary>Gets whether the call before the next one was a look at the credentials.</summary>
    internal bool HasJustLooked { get; private set; }

    /// <summary>Gets the hash of the credentials at its last look.</summary>
    internal UInt128 Seen { get; private set; }

    /// <summary>Gets or sets whether others have done something since its last call.</summary>
    internal bool HaveOthersMoved { get; set; }

    /// <summary>Gets whether the lock was its own when it last looked whose the lock file at the path is.</summary>
    internal bool HasSeenItsLock { get; private set; }

    internal int Waits { get; private set; }

    internal int Opened { get; set; }

    internal int Created { get; set; }

    /// <summary>Ends it: what it has seen is nothing to what comes.</summary>
    internal void End()
    {
        IsRunning = false;
        _history = default;
        Log.Clear();
    }

    internal void NoteOpen(bool isLockFile, bool hasLock) => HasSeenItsLock = isLockFile ? hasLock : HasSeenItsLock;

    internal MachineProcess Fork() => this with { Log = [.. Log] };

    internal void Note(string what, object? result)
    {
        Log.Add(result);
        Waits += what == Pauses ? 1 : 0;
        HasJustLooked = result is Look;
        Seen = result is Look look ? look.Hash : Seen;
        var history = default(StateHash);
        history.Add(_history);
        history.Add(what);
        switch (result)
        {
            case Observed observed:
                history.Add(observed.Hash);
                break;
            case IEnumerable<string> names:
                foreach (string name in names)
                {
                    history.Add(name);
                }

                break;
            default:
                history.Add(result?.ToString());
                break;
        }

        _history = history.Value;
    }

    internal void AddTo(ref StateHash state)
    {
        state.Add(IsRunning);
        state.Add(_history);
        state.Add(HaveOthersMoved && Next == Pauses);
    }
}

/// <summary>A result of a call that has a hash of what the process sees of it.</summary>
internal abstract record Observed(UInt128 Hash);

/// <summary>A read of the whole credentials file.</summary>
internal sealed record Look(byte[]? Bytes, Interop.FileIdentity? Identity, UInt128 Hash) : Observed(Hash);

/// <summary>Bytes of an open file.</summary>
internal sealed record Part(byte[] Bytes, UInt128 Hash) : Observed(Hash);

/// <summary>A file that was opened, or asked about.</summary>
internal sealed record Found(int? Description, Interop.FileIdentity? Identity, UInt128 Hash) : Observed(Hash);

/// <summary>One use of a refresh token.</summary>
/// <param name="Token">What was presented.</param>
/// <param name="Sender">The number of the process.</param>
/// <param name="Next">What the server issued for it.</param>
internal sealed record Exchange(string Token, int Sender, string Next)
{
    internal Fate Fate { get; init; } = Fate.Open;

    /// <summary>Gets whether a caller was handed its tokens.</summary>
    internal bool IsPromised { get; init; }

    internal bool IsOfFamilyOf(string token) => Token[..4] == token[..Math.Min(4, token.Length)];

    internal bool IsAncestorOf(string token) => token.StartsWith(Next, StringComparison.Ordinal);
}
