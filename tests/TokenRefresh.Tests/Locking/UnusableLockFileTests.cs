using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using FluentAssertions;
using TokenRefresh.Locking;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Locking;

/// <summary>What may stand at the place of the lock file and is none: it is refused at once, and not a byte of it is touched.</summary>
public sealed class UnusableLockFileTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public UnusableLockFileTests() => File.WriteAllText(CredentialsPath, "{}");

    private string CredentialsPath => Path.Combine(_directory.Path, "credentials");

    private string LockPath => Path.Combine(_directory.Path, "lock");

    private string OtherPath => Path.Combine(_directory.Path, "other");

    public void Dispose() => _directory.Dispose();

    [Fact]
    [FailureMode("F102")]
    public void The_credentials_themselves_are_no_lock_file()
    {
        Action act = () => LockFile.Open(CredentialsPath, CredentialsPath);

        act.Should().Throw<LockUnavailableException>().WithMessage($"*'{CredentialsPath}'*credentials*");
        File.ReadAllText(CredentialsPath).Should().Be("{}");
    }

    [Fact]
    [FailureMode("F102")]
    public void Missing_credentials_are_not_created_as_the_lock_file()
    {
        File.Delete(CredentialsPath);

        Action act = () => LockFile.Open(CredentialsPath, CredentialsPath);

        act.Should().Throw<LockUnavailableException>();
        File.Exists(CredentialsPath).Should().BeFalse();
    }

    [Fact]
    [FailureMode("F102")]
    public void A_hard_link_to_the_credentials_is_no_lock_file()
    {
        File.WriteAllText(CredentialsPath, "");
        Run("ln", CredentialsPath, LockPath);

        ShouldBeRefused("*is the credentials file itself*");
    }

    [Fact]
    [FailureMode("F102")]
    public void The_credentials_reached_through_another_directory_are_no_lock_file()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need a right there.");
        File.WriteAllText(CredentialsPath, "");
        string alias = _directory.Path + "-alias";
        Directory.CreateSymbolicLink(alias, _directory.Path);

        Action act = () => LockFile.Open(Path.Combine(alias, "credentials"), CredentialsPath);

        act.Should().Throw<LockUnavailableException>().WithMessage("*is the credentials file itself*");
        Directory.Delete(alias);
    }

    [Fact]
    [FailureMode("F102")]
    public void A_file_with_other_names_is_no_lock_file()
    {
        File.WriteAllText(OtherPath, "");
        Run("ln", OtherPath, LockPath);

        ShouldBeRefused("*2 names*");
        File.ReadAllText(OtherPath).Should().BeEmpty();
    }

    [Fact]
    [FailureMode("F102")]
    public void A_link_is_not_followed()
    {
        File.WriteAllText(OtherPath, "");
        Run("ln", "-s", OtherPath, LockPath);

        ShouldBeRefused("*symbolic link*");
        File.ReadAllText(OtherPath).Should().BeEmpty();
        LockFile.OpenForReading(LockPath).Should().BeNull();
    }

    [Fact]
    [FailureMode("F102")]
    public void A_link_that_leads_nowhere_creates_nothing()
    {
        Run("ln", "-s", OtherPath, LockPath);

        ShouldBeRefused("*symbolic link*");
        File.Exists(OtherPath).Should().BeFalse();
    }

    [Theory]
    [InlineData("secret = 1\n")]
    [InlineData("{\"access_token\":\"a\"}")]
    [InlineData("\0\0\0not only NULs")]
    [InlineData("{\"checksum\":\"aa389ee97c626097\"}")]
    [FailureMode("F102")]
    public void Another_programs_file_is_left_as_it_is(string text)
    {
        File.WriteAllText(LockPath, text);

        ShouldBeRefused("*another program's*");
        File.ReadAllText(LockPath).Should().Be(text);
    }

    [Fact]
    [FailureMode("F102")]
    public void A_large_file_of_another_program_is_not_even_read()
    {
        using (FileStream file = File.Create(LockPath))
        {
            file.SetLength(1L << 40);
        }

        ShouldBeRefused("*another program's*");
    }

    [Fact]
    [FailureMode("F102")]
    public void What_a_power_cut_leaves_of_a_lock_file_is_one()
    {
        File.WriteAllBytes(LockPath, new byte[70_000]);

        using LockFile file = LockFile.Open(LockPath, CredentialsPath);

        file.TryAcquire().Should().BeTrue();
    }

    [Fact]
    [FailureMode("F102")]
    public void A_lock_file_whose_first_block_was_lost_is_one_by_its_record()
    {
        File.WriteAllBytes(LockPath, Encoding.UTF8.GetBytes(
            new string('\0', 512)
            + """{"checksum":"aa389ee97c626097","sequence":"00000000000000000001","length":"000013","record":{"version":2}}""" + "\n"));

        using LockFile file = LockFile.Open(LockPath, CredentialsPath);

        file.TryAcquire().Should().BeTrue();
    }

    [Theory]
    [InlineData("622")]
    [InlineData("620")]
    [FailureMode("F102")]
    public void A_file_that_others_can_write_is_refused(string mode)
    {
        File.WriteAllText(LockPath, "");
        Run("chmod", "600", CredentialsPath);
        Run("chmod", mode, LockPath);

        ShouldBeRefused($"*{mode}*chmod 600*");
    }

    [Fact]
    [FailureMode("F102", "F107")]
    public void The_lock_of_a_groups_credentials_is_the_groups()
    {
        Run("chmod", "660", CredentialsPath);

        LockFile.Open(LockPath, CredentialsPath).Dispose();
        LockFile.Open(LockPath, CredentialsPath).Dispose();

        Run("ls", "-l", LockPath).Should().StartWith("-rw-rw----");
    }

    [Fact]
    [FailureMode("F102")]
    public void Another_users_file_is_refused()
    {
        SkipUnlessRoot();
        File.WriteAllText(LockPath, "");
        Run("chown", "4711", LockPath);

        ShouldBeRefused("*another user (4711)*");
    }

    [Fact]
    [FailureMode("F102", "F49")]
    public void What_root_creates_is_given_to_the_owner_of_the_credentials()
    {
        SkipUnlessRoot();
        Run("chown", "4711:4712", CredentialsPath);

        LockFile.Open(LockPath, CredentialsPath).Dispose();

        Run("stat", "-c", "%u:%g %a", LockPath).Should().Be("4711:4712 600\n");
        LockFile.Open(LockPath, CredentialsPath).Dispose();
    }

    [Fact]
    [FailureMode("F49")]
    public void Without_credentials_it_is_given_to_the_owner_of_their_directory()
    {
        SkipUnlessRoot();
        File.Delete(CredentialsPath);
        Run("chown", "4711:4712", _directory.Path);

        LockFile.Open(LockPath, CredentialsPath).Dispose();

        Run("stat", "-c", "%u:%g", LockPath).Should().Be("4711:4712\n");
    }

    [Fact]
    [FailureMode("F102")]
    public void A_device_is_refused() => ShouldBeRefused("*not a regular file*", "/dev/null");

    [Fact]
    [FailureMode("F103")]
    public void A_named_pipe_is_refused_without_waiting_for_its_other_end()
    {
        Run("mkfifo", LockPath);

        ShouldBeRefused("*not a regular file*");
        LockFile.OpenForReading(LockPath).Should().BeNull();
    }

    [Fact]
    [FailureMode("F103")]
    public void A_socket_is_refused()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Unix only.");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(LockPath));

        ShouldBeRefused("*not a regular file*");
        LockFile.OpenForReading(LockPath).Should().BeNull();
    }

    [Fact]
    [FailureMode("F103")]
    public void A_directory_is_refused()
    {
        Directory.CreateDirectory(LockPath);

        ShouldBeRefused("*Remove the directory of that name*");
        LockFile.OpenForReading(LockPath).Should().BeNull();
    }

    private static void SkipUnlessRoot() =>
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Only root gives files away.");

    private static string Run(string program, params string[] arguments)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), $"There is no {program}(1) there.");
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, UseShellExecute = false };
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        process.ExitCode.Should().Be(0);
        return output;
    }

    private void ShouldBeRefused(string reason, string? path = null)
    {
        Action act = () => LockFile.Open(path ?? LockPath, CredentialsPath).Dispose();

        act.Should().Throw<LockUnavailableException>().WithMessage($"*'{path ?? LockPath}'*").WithMessage(reason);
    }
}
