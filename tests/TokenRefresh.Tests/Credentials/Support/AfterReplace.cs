using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Credentials;

/// <summary>
/// The real file system, with another program that writes right after each save, and a list of what was done to the target.
/// </summary>
internal sealed class AfterReplace(Action act) : FileOperationsDecorator
{
    public List<string> Steps { get; } = [];

    public override bool TryReplace(string path, string target)
    {
        Steps.Add($"replace, new bytes {new FileInfo(path).Length}");
        bool isReplaced = base.TryReplace(path, target);
        act();
        return isReplaced;
    }

    public override void FlushDirectory(string directory)
    {
        Steps.Add("flush directory");
        base.FlushDirectory(directory);
    }

    public override void WriteInPlace(string path, ReadOnlySpan<byte> bytes)
    {
        Steps.Add("write in place");
        base.WriteInPlace(path, bytes);
    }

    public override void Delete(string path)
    {
        Steps.Add($"delete {Path.GetFileName(path)}");
        base.Delete(path);
    }
}
