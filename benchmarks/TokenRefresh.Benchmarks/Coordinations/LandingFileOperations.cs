
namespace TokenRefresh.Benchmarks.Coordinations;

/// <summary>The real file system, with a call right before a save lands.</summary>
internal sealed class LandingFileOperations(Action onLanding) : FileOperationsDecorator
{
    public override bool TryReplace(string path, string target)
    {
        onLanding();
        return base.TryReplace(path, target);
    }
}
