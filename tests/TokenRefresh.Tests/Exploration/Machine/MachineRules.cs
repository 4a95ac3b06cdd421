using TokenRefresh.Tests.Exploration.Model;

namespace TokenRefresh.Tests.Exploration.Machine;

/// <summary>What the lock and the file store promise, checked at every call; the first that breaks stands.</summary>
internal sealed class MachineRules(MachineWorld world)
{
    internal const string CompareRightBeforeTheRename = "What another program writes is lost only between the last look and the rename";
    internal const string OthersAreKept = "What is another's in the file is kept";
    internal const string WholeFile = "The file is whole, and either the old or the new one";
    internal const string SavedIsDurable = "Tokens that a caller got survive a power cut";
    internal const string NotedIsDurable = "A record that was flushed, or a newer one, survives a power cut";
    internal const string NothingIsLeft = "No temp file stays";

    internal string? Broken { get; private set; }

    internal bool HasRolledBack { get; set; }

    /// <summary>Gets or sets whether the record was deleted or put back: then only the memory of a process knows what it used.</summary>
    internal bool HasLostRecord { get; set; }

    internal void Break(string how) => Broken ??= how;

    internal void OnSend(MachineProcess sender, string token)
    {
        // After its last look at the path the lock file may be deleted.
        if (!sender.HasSeenItsLock)
        {
            Break($"{Rules.NoLockNoRefresh}: {sender.Name} presents {token} and has not seen that it has the lock.");
        }

        if (world.Processes.FirstOrDefault(p => p != sender && world.IsExchanging(p)) is { } other)
        {
            Break($"{Rules.OneExchangeAtATime}: {sender.Name} presents {token} while {other.Name} is at it.");
        }

        bool canKnow = !(HasRolledBack && HasLostRecord);
        if (world.Exchanges.Any(e => e.Token == token && e.Fate != Fate.Unknown && (canKnow || e.Sender == sender.Number)))
        {
            Break($"{Rules.AnsweredTokensAreUsed}: {sender.Name} presents {token}.");
        }
    }

    /// <summary>Before a rename over the credentials.</summary>
    internal void OnReplace(MachineProcess writer, Inode next)
    {
        byte[] before = world.Disk.Find(Disk.Credentials)?.ToArray() ?? [];
        byte[] after = next.ToArray();
        if (world.SeenNow != writer.Seen)
        {
            if (!writer.HasJustLooked)
            {
                Break($"{CompareRightBeforeTheRename}: {writer.Name} looked earlier.");
            }
        }
        else if (MachineContent.OthersOf(before) != MachineContent.OthersOf(after))
        {
            Break($"{OthersAreKept}: {writer.Name} writes {MachineContent.OthersOf(after)} over {MachineContent.OthersOf(before)}.");
        }
        else if (!MachineContent.IsSuccessor(after, before))
        {
            Break($"{Rules.CompareAndCommit}: {writer.Name} writes over {MachineContent.RefreshTokenOf(before) ?? "nothing"}.");
        }

        world.Settle(writer, Fate.Settled);
    }

    /// <summary>After a power cut.</summary>
    internal void OnPowerCut()
    {
        byte[] content = AssertWhole();
        string token = MachineContent.RefreshTokenOf(content) ?? "";
        foreach (Exchange exchange in world.Exchanges)
        {
            if (exchange.IsPromised && !exchange.IsAncestorOf(token) && !HasRolledBack && exchange.IsOfFamilyOf(token))
            {
                Break($"{SavedIsDurable}: the file holds {token} again, and not {exchange.Next}.");
            }
        }

        if (world.Disk.Exists(Disk.LockFile) && !HasLostRecord && world.ReadSequence() < world.FlushedSequence)
        {
            Break($"{NotedIsDurable}: it is number {world.ReadSequence()}, and number {world.FlushedSequence} was flushed.");
        }

        if (!world.Disk.Exists(Disk.LockFile) && !HasLostRecord && world.FlushedSequence > 0)
        {
            Break($"{NotedIsDurable}: its file is gone.");
        }
    }

    /// <summary>After a fresh process has refreshed.</summary>
    internal void AtEnd(MachineProcess late)
    {
        AssertWhole();
        if (world.Exchanges.Any(e => e.Sender == late.Number)
            && world.Disk.Names.FirstOrDefault(n => n is not (Disk.Credentials or Disk.LockFile)) is { } left)
        {
            Break($"{NothingIsLeft}: {left}.");
        }
    }

    internal void OnFailure(MachineProcess process, Exception failure)
    {
        if (!(failure is SignInRequiredException { Reason: SignInRequiredReason.RolledBack } && HasRolledBack))
        {
            Break($"{(failure is LockTimeoutException ? Rules.EveryoneEnds : Rules.NothingIsLost)}: {process.Name} got {failure}");
        }
    }

    internal void CopyTo(MachineRules other)
    {
        other.Broken = Broken;
        other.HasRolledBack = HasRolledBack;
        other.HasLostRecord = HasLostRecord;
    }

    internal void AddTo(ref StateHash state)
    {
        state.Add(HasRolledBack);
        state.Add(HasLostRecord);
    }

    private byte[] AssertWhole()
    {
        Inode? inode = world.Disk.Find(Disk.Credentials);
        byte[] content = inode?.ToArray() ?? [];
        if (!world.HasBeenContent(inode))
        {
            Break($"{WholeFile}: it holds '{System.Text.Encoding.UTF8.GetString(content)}'.");
        }

        return content;
    }
}
