using TokenRefresh.Interop;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Credentials;

/// <summary>The real file system without the permission for one operation.</summary>
internal sealed class DeniedOperations(string denied) : FileOperationsDecorator
{
    public override byte[]? Read(string path, out FileIdentity? identity, out bool isMountPoint)
    {
        ThrowIfDenied(nameof(Read), path);
        return base.Read(path, out identity, out isMountPoint);
    }

    public override ITempFile? TryCreateTemp(string path, long allocate)
    {
        ThrowIfDenied(nameof(TryCreateTemp), path);
        return base.TryCreateTemp(path, allocate);
    }

    public override bool TryReplace(string path, string target)
    {
        ThrowIfDenied(nameof(TryReplace), path);
        return base.TryReplace(path, target);
    }

    private void ThrowIfDenied(string operation, string path)
    {
        if (operation == denied)
        {
            throw new UnauthorizedAccessException($"Access to the path '{path}' is denied.");
        }
    }
}
