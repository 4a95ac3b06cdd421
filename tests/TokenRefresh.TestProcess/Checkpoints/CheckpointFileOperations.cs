using TokenRefresh.TestKit;

namespace TokenRefresh.TestProcess.Checkpoints;

/// <summary>The real file system with a checkpoint on either side of the rename.</summary>
internal sealed class CheckpointFileOperations(Checkpoint checkpoint) : FileOperationsDecorator
{
    public override bool TryReplace(string path, string target)
    {
        checkpoint.Reach(Checkpoint.Temp);
        bool isReplaced = base.TryReplace(path, target);
        checkpoint.Reach(Checkpoint.Renamed);
        return isReplaced;
    }
}
