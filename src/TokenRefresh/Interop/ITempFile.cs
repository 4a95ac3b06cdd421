using System.Runtime.Versioning;

namespace TokenRefresh.Interop;

/// <summary>A file beside the credentials that is to take their place. Open until disposed.</summary>
internal interface ITempFile : IDisposable
{
    string Path { get; }

    /// <summary>Takes the lock by which others tell the file from a left-over, until it is disposed.</summary>
    /// <returns>0, or the error number.</returns>
    [UnsupportedOSPlatform("windows")]
    int LockShared();

    /// <summary>Takes over what the new file must keep of the old one: a stricter mode, the owner, or the group of a file that is a
    /// group's.</summary>
    /// <returns>What cannot be kept and how that is put right, or <see langword="null"/>.</returns>
    string? InheritFrom(string target);

    /// <summary>Makes the whole content of the file these bytes.</summary>
    void Write(ReadOnlySpan<byte> bytes);

    /// <summary>Makes the content durable.</summary>
    void Flush();

    /// <summary>Lets go of the file where the system cannot rename an open one.</summary>
    void ReleaseForReplace();
}
