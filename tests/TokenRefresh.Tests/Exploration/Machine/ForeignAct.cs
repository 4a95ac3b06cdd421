using TokenRefresh.Tests.Exploration.Model;

namespace TokenRefresh.Tests.Exploration.Machine;

/// <summary>What a program does to the files that knows nothing of the lock; it happens once, at any point where it is possible, or
/// never.</summary>
/// <param name="Text">For the printed schedule.</param>
/// <param name="IsPossible">When.</param>
/// <param name="Act">What it does.</param>
internal sealed record ForeignAct(string Text, Func<MachineWorld, bool> IsPossible, Action<MachineWorld> Act)
{
    // The number of all other programs, where the processes have theirs.
    private const int Number = 9;

    internal static ForeignAct DeleteLockFile { get; } = new(
        "deletes the lock file",
        world => world.Disk.Exists(Disk.LockFile),
        world =>
        {
            world.Disk.Delete(Disk.LockFile);
            world.Rules.HasLostRecord = true;
        });

    internal static ForeignAct Login { get; } = new(
        "stores another login",
        _ => true,
        world => Replace(world, MachineContent.Of("theirs", ModelClock.Start + MachineContent.Lifetime, "theirs"), count: 1));

    /// <summary>Gets a write that truncates the file and fills it again, with an own member changed.</summary>
    internal static ForeignAct InPlace { get; } = new(
        "truncates the file",
        world => world.Disk.Find(Disk.Credentials) is { Content.Length: > 0 },
        world =>
        {
            Inode inode = world.Disk.Find(Disk.Credentials)!;
            byte[] bytes = MachineContent.WithOthers(inode.ToArray(), "second");
            inode.Truncate();
            world.Foreign.Add(new ForeignAct(
                "writes the file that it has truncated",
                _ => true,
                w => w.WriteInPlace(inode.Number, bytes)));
        });

    internal static ForeignAct Rollback { get; } = new(
        "puts the first file back",
        world => !world.IsFirstContent,
        world =>
        {
            Replace(world, MachineContent.First, count: 2);
            world.Rules.HasRolledBack = true;
        });

    /// <summary>Gets the restore of the directory as it was at the beginning, without a lock file.</summary>
    internal static ForeignAct Restore { get; } = new(
        "puts the whole directory back",
        Rollback.IsPossible,
        world =>
        {
            Rollback.Act(world);
            DeleteLockFile.Act(world);
        });

    private static void Replace(MachineWorld world, byte[] bytes, int count)
    {
        const string temp = Disk.Directory + "/foreign";
        Inode inode = world.Disk.Create(temp, Number, count)!;
        inode.Replace(bytes);
        inode.Flush();
        world.Disk.Rename(temp, Disk.Credentials);
        world.Disk.FlushDirectory();
        world.NoteContent();
    }
}
