using System.Runtime.Versioning;
using FluentAssertions;
using Microsoft.Win32.SafeHandles;
using TokenRefresh.Interop;
using TokenRefresh.Locking;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Locking;

/// <summary>A lock file of another program, which is played by a second descriptor.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class CompatibleLockFileTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly LogCollector _log = new();

    public CompatibleLockFileTests() => Assert.SkipWhen(OperatingSystem.IsWindows(), "The second descriptor is one of flock.");

    private string Credentials => Path.Combine(_directory.Path, "auth.json");

    private string LockPath => Path.Combine(_directory.Path, "auth.lock");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_missing_file_is_made_for_its_owner_and_stays()
    {
        ICompatibleLock wanted = NewLock();

        wanted.TryAcquire().Should().BeTrue();
        wanted.Release();

        File.GetUnixFileMode(LockPath).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        new FileInfo(LockPath).Length.Should().Be(0);
    }

    [Fact]
    public void A_held_one_is_not_had_until_its_holder_lets_go()
    {
        File.WriteAllText(LockPath, "4711\n");
        ICompatibleLock wanted = NewLock();
        using (SafeFileHandle other = Open())
        {
            Libc.Flock(other, Libc.LockExclusive);
            wanted.TryAcquire().Should().BeFalse();
        }

        wanted.TryAcquire().Should().BeTrue();

        wanted.Release();
        File.ReadAllText(LockPath).Should().Be("4711\n", "what is in it is the other program's");
    }

    [Fact]
    public void While_it_is_held_others_are_refused_and_afterwards_not()
    {
        ICompatibleLock held = NewLock();
        held.TryAcquire();
        using SafeFileHandle other = Open();

        Libc.Flock(other, Libc.LockExclusive | Libc.LockNonBlocking).Should().Be(Libc.EWouldBlock);
        held.Renew().Should().BeTrue();
        held.Release();

        Libc.Flock(other, Libc.LockExclusive | Libc.LockNonBlocking).Should().Be(0);
    }

    [Fact]
    public void A_file_that_was_deleted_while_it_was_held_excludes_no_one()
    {
        ICompatibleLock held = NewLock();
        held.TryAcquire();
        File.Delete(LockPath);

        held.Renew().Should().BeFalse();

        _log.CountOf(TokenRefreshEventIds.CompatibleLockLost).Should().Be(1);
        held.Release();
        held.TryAcquire().Should().BeTrue();
        held.Release();
    }

    [Fact]
    [FailureMode("F102")]
    public void What_is_no_lock_file_is_refused()
    {
        File.WriteAllText(Credentials, "{}");
        File.CreateSymbolicLink(LockPath, Credentials);
        var acquire = () => NewLock().TryAcquire();

        acquire.Should().Throw<LockUnavailableException>().WithMessage($"*'{LockPath}'*symbolic link*correct 'CompatibleLocks'.");

        File.Delete(LockPath);
        Directory.CreateDirectory(LockPath);
        acquire.Should().Throw<LockUnavailableException>().WithMessage($"The lock file '{LockPath}' of another program cannot be used: *");

        var same = () => new CompatibleLockFile(Credentials, Credentials, FileOperations.Default, _log).TryAcquire();
        same.Should().Throw<LockUnavailableException>().WithMessage("*it is the credentials file itself*");
    }

    private CompatibleLockFile NewLock() => new(LockPath, Credentials, FileOperations.Default, _log);

    private SafeFileHandle Open() => Libc.TryOpenRegular(LockPath, forWriting: true, out _, out _)!;
}
