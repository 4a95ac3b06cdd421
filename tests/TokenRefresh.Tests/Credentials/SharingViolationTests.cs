using FluentAssertions;
using TokenRefresh.Interop;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Credentials;

/// <summary>A scanner that has a file open without sharing it, by the codes that Windows gives.</summary>
public sealed class SharingViolationTests
{
    private const int SharingViolationCode = 32;

    private readonly ManualTimeProvider _time = new();

    [Theory]
    [InlineData(SharingViolationCode)]
    [InlineData(33)]
    [FailureMode("F136")]
    public void What_is_open_elsewhere_is_opened_again_until_it_is_free(int code)
    {
        var tries = 0;

        int result = SharingViolation.Outlast(() => ++tries < 4 ? throw WindowsError.Of(code) : tries, _time);

        result.Should().Be(4);
    }

    [Fact]
    [FailureMode("F136")]
    public void After_two_seconds_the_violation_is_the_error()
    {
        var tries = 0;

        Action act = () => SharingViolation.Outlast<int>(
            () =>
            {
                tries++;
                _time.Advance(TimeSpan.FromMilliseconds(500));
                throw WindowsError.Of(SharingViolationCode);
            },
            _time);

        act.Should().Throw<IOException>().Which.HResult.Should().Be(WindowsError.Of(SharingViolationCode).HResult);
        tries.Should().Be(4);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(112)]
    [InlineData(1176)]
    [FailureMode("F136")]
    public void Any_other_error_is_one_at_once(int code)
    {
        var tries = 0;

        Action act = () => SharingViolation.Outlast<int>(
            () =>
            {
                tries++;
                throw WindowsError.Of(code);
            },
            _time);

        act.Should().Throw<IOException>();
        tries.Should().Be(1);
    }

    [Fact]
    public void An_errno_of_the_same_number_is_no_sharing_violation() =>
        SharingViolation.Is(new IOException("Broken pipe", SharingViolationCode)).Should().BeFalse();
}
