
namespace TokenRefresh.Benchmarks.Coordinations;

/// <summary>The real file system, with a call right before a save lands.</summary>
internal sealed class SaveObservingFileOperations(Action onSave) : FileOperationsDecorator
{
    public override bool TryReplace(string path, string target)
    {
        onSave();
        return base.TryReplace(path, target);
    }
}
