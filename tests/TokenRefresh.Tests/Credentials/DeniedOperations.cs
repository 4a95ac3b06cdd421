using TokenRefresh.Interop;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Credentials;

/// <summary>The real file system without the permission for one operation.</summary>
internal sealed class DeniedOperations(string denied) : FileOperationsDecorator
{
    public override byte[]? Read(string path)
    {
        ThrowIfDenied(nameof(Read), path);
        return base.Read(path);
    }

    public override ITempFile CreatePrivate(string path, long allocate)
    {
        ThrowIfDenied(nameof(CreatePrivate), path);
        return base.CreatePrivate(path, allocate);
    }

    public override void Replace(string path, string target)
    {
        ThrowIfDenied(nameof(Replace), path);
        base.Replace(path, target);
    }

    private void ThrowIfDenied(string operation, string path)
    {
        if (operation == denied)
        {
            throw new UnauthorizedAccessException($"Access to the path '{path}' is denied.");
        }
    }
}
