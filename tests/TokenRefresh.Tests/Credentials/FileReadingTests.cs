using FluentAssertions;
using TokenRefresh.Interop;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Credentials;

public sealed class FileReadingTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    [FailureMode("F23")]
    public void A_file_that_another_program_has_locked_for_itself_is_read_all_the_same()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There such a lock keeps everyone from the file.");
        string path = Path.Combine(_directory.Path, ".credentials.json");
        File.WriteAllText(path, "{}");
        using var locked = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);

        byte[]? bytes = FileOperations.Default.Read(path, out _, out _);

        bytes.Should().Equal("{}"u8.ToArray());
    }

    [Fact]
    [FailureMode("F50")]
    public void A_directory_is_no_empty_file_even_where_its_length_is_zero()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "It is one of Linux's.");
        Action act = () => FileOperations.Default.Read("/proc/self/fdinfo", out _, out _);

        act.Should().Throw<Exception>().Which.Should().Match(e => e is IOException || e is UnauthorizedAccessException);
    }
}
