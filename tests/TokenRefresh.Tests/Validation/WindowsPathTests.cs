using FluentAssertions;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Validation;

/// <summary>What Windows reads into the text of a path, which is the same on every system.</summary>
public sealed class WindowsPathTests
{
    [Theory]
    [InlineData("NUL")]
    [InlineData("nul.json")]
    [InlineData(@"C:\Users\me\Con")]
    [InlineData(@"C:\Users\me\CON.tar.gz")]
    [InlineData(@"C:\Users\me\aux .json")]
    [InlineData(@"C:\Users\me\prn. . ")]
    [InlineData(@"C:\Users\me\COM1:")]
    [InlineData(@"C:\Users\me\com9.credentials.json")]
    [InlineData("C:/Users/me/LPT3")]
    [InlineData(@"C:\Users\me\COM¹")]
    [InlineData(@"C:\Users\me\lpt².json")]
    [InlineData("conin$")]
    [InlineData(@"C:\CONOUT$.txt")]
    [InlineData(@"C:\NUL\.credentials.json")]
    [InlineData("C:NUL")]
    [InlineData(@"\\.\NUL")]
    [InlineData(@"\\.\COM56")]
    [InlineData(@"\\.\pipe\credentials")]
    [InlineData(@"//./pipe/credentials")]
    [InlineData(@"\\.\C:\Users\me\.credentials.json")]
    [InlineData(@"\\?\pipe\credentials")]
    [InlineData(@"\\?\GLOBALROOT\Device\HarddiskVolume2\x")]
    [InlineData(@"\\?\C:\Users\me\NUL")]
    [InlineData(@"\\server\pipe\credentials")]
    [InlineData(@"\\?\UNC\server\mailslot\x")]
    [InlineData(@"\\server\share\nul.json")]
    [FailureMode("F141")]
    public void A_device_or_a_pipe_is_found(string path) => WindowsPath.FindProblem(path).Should().Contain("is a device or a pipe");

    [Theory]
    [InlineData(@"C:\Users\me\.credentials.json:stream")]
    [InlineData(@"C:\Users\me\.credentials.json::$DATA")]
    [InlineData(@"C:\Users\me:x\.credentials.json")]
    [InlineData(".credentials.json:stream:$DATA")]
    [InlineData(@"\\?\C:\Users\me\.credentials.json:stream")]
    [InlineData(@"\\server\share\.credentials.json:stream")]
    [InlineData(@"\\?\Volume{00000000-0000-0000-0000-00000000005a}\a:b")]
    [FailureMode("F141")]
    public void A_stream_is_found(string path) => WindowsPath.FindProblem(path).Should().Contain("has a ':' in a name");

    [Theory]
    [InlineData(@"C:\Users\me\.claude\.credentials.json")]
    [InlineData("C:/Users/me/.credentials.json")]
    [InlineData("C:credentials.json")]
    [InlineData(@"C:\Users\me\.nul")]
    [InlineData(@"C:\Users\me\credentials.nul")]
    [InlineData(@"C:\Users\me\null")]
    [InlineData(@"C:\Users\me\console.json")]
    [InlineData(@"C:\Users\me\COM10")]
    [InlineData(@"C:\Users\me\COM")]
    [InlineData(@"C:\Users\con.smith\.credentials.json")]
    [InlineData(@"\\server\share\.credentials.json")]
    [InlineData(@"\\aux\nul\.credentials.json")]
    [InlineData(@"\\?\C:\Users\me\.credentials.json")]
    [InlineData(@"\\?\UNC\server\share\.credentials.json")]
    [InlineData(@"\\?\Volume{00000000-0000-0000-0000-00000000005a}\.credentials.json")]
    [FailureMode("F141")]
    public void A_file_has_no_problem(string path) => WindowsPath.FindProblem(path).Should().BeNull();

    [Theory]
    [InlineData(@"\\server\share\x", true)]
    [InlineData(@"\\wsl$\Debian\home\x", true)]
    [InlineData(@"\\?\UNC\server\share\x", true)]
    [InlineData(@"\\?\unc\server\share\x", true)]
    [InlineData(@"C:\x", false)]
    [InlineData(@"\\?\C:\x", false)]
    [InlineData(@"\\?\Volume{00000000-0000-0000-0000-00000000005a}\x", false)]
    [FailureMode("F141", "F132")]
    public void A_share_is_told_from_a_local_disk_by_the_final_path(string path, bool isRemote) =>
        WindowsPath.IsRemote(path).Should().Be(isRemote);

    [Theory]
    [InlineData(@"C:\x\y", @"\\?\C:\x\y")]
    [InlineData(@"\\server\share\x", @"\\?\UNC\server\share\x")]
    [FailureMode("F132")]
    public void The_final_path_of_a_file_is_written_as_users_write_it(string plain, string extended)
    {
        WindowsPath.ToExtended(plain).Should().Be(extended);
        WindowsPath.ToExtended(extended).Should().Be(extended);
        WindowsPath.FromExtended(extended).Should().Be(plain);
        WindowsPath.FromExtended(plain).Should().Be(plain);
    }

    [Fact]
    [FailureMode("F132")]
    public void A_volume_without_a_drive_keeps_the_only_form_that_names_it()
    {
        const string Path = @"\\?\Volume{00000000-0000-0000-0000-00000000005a}\x";

        WindowsPath.FromExtended(Path).Should().Be(Path);
        WindowsPath.ToExtended(Path).Should().Be(Path);
    }
}
