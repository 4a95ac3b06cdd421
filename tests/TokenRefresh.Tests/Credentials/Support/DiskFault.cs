namespace TokenRefresh.Tests.Credentials;

/// <summary>One thing a disk does at one step of a save.</summary>
/// <param name="Name">The name of the row.</param>
/// <param name="Failures">What each operation of <see cref="FileOperationsSpy"/> throws.</param>
internal sealed record DiskFault(string Name, params (string Operation, Exception Failure)[] Failures)
{
    private static Exception NoSpace => Error(28, "No space left on device");

    private static Exception InputOutput => Error(5, "Input/output error");

    private static Exception ReadOnly => Error(30, "Read-only file system");

    private static Exception Denied => new UnauthorizedAccessException("Permission denied");

    /// <summary>Gets whether the rename had happened: the new pair is in the file, and only a power cut could undo that.</summary>
    internal bool IsRenamed => Failures[0].Operation == "flush directory";

    /// <summary>Gets the faults that show before anything is sent.</summary>
    internal static IReadOnlyList<DiskFault> OfTheTempFile { get; } =
    [
        new("the disk is full", ("create", NoSpace)),
        new("the file system is read-only", ("create", ReadOnly)),
        new("the disk fails", ("create", InputOutput)),
        new("the directory may not be written", ("create", Denied)),
        new("the mounted file may not be written", ("ensure writable", Denied)),
        new("the mounted file is on a read-only file system", ("ensure writable", ReadOnly)),
    ];

    /// <summary>Gets the faults that show when the new pair is there.</summary>
    internal static IReadOnlyList<DiskFault> OfTheSave { get; } =
    [
        new("the disk is full at the write", ("temp.write", NoSpace)),
        new("the disk is full at the flush", ("temp.flush", NoSpace)),
        new("the disk fails at the flush", ("temp.flush", InputOutput)),
        new("the rename is not permitted", ("replace", Error(1, "Operation not permitted"))),
        new("the permission was lost after the temp file was made", ("replace", Denied)),
        new("the file system was made read-only after the temp file was made", ("replace", ReadOnly)),
        new("the rename is busy and the write in place fails", ("write in place", InputOutput)) { CannotReplace = true },
        new("the rename crosses file systems and the write in place is denied", ("write in place", Denied)) { CannotReplace = true },
        new("the disk fails at the flush of the directory", ("flush directory", InputOutput)),
    ];

    /// <summary>Gets whether no rename can ever replace the file.</summary>
    internal bool CannotReplace { get; init; }

    /// <summary>Makes every one of the operations fail from now on.</summary>
    internal void Break(FileOperationsSpy files)
    {
        files.CannotReplace = CannotReplace;
        files.Before = operation =>
        {
            foreach ((string broken, Exception failure) in Failures)
            {
                if (operation == broken)
                {
                    throw failure;
                }
            }
        };
    }

    private static IOException Error(int errno, string message) => new(message, errno);
}
