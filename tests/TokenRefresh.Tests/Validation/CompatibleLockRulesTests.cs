using FluentAssertions;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Validation;

public sealed class CompatibleLockRulesTests
{
    [Fact]
    public void The_presets_hold_together_with_the_defaults()
    {
        foreach (IReadOnlyList<CompatibleLock> preset in new[] { CompatibleLock.ClaudeCode, CompatibleLock.Codex })
        {
            Checking(preset).Should().NotThrow();
        }
    }

    [Theory]
    [InlineData("a.lock", "/home/a/.cli/a.lock")]
    [InlineData("../a.lock", "/home/a/a.lock")]
    [InlineData("{directory}.lock", "/data/cli.lock")]
    [InlineData("{directory}/a.lock", "/data/cli/a.lock")]
    [InlineData("/run/a.lock", "/run/a.lock")]
    public void A_path_is_relative_to_the_directory_of_the_credentials(string path, string full)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "These are paths of Unix.");

        new CompatibleLock(path).ResolvePath("/home/a/.cli", "/data/cli").Should().Be(full);
    }

    [Fact]
    public void A_path_may_begin_with_the_home_directory() =>
        new CompatibleLock("~/a.lock").ResolvePath("/x", "/x").Should().Be(CredentialsPath.Resolve("~/a.lock"));

    [Theory]
    [InlineData("", "'CompatibleLocks[0]' has no path*")]
    [InlineData("a.lock\n", "'CompatibleLocks[0].Path' is 'a.lock?'*control character*")]
    [InlineData("a.lock/", "'CompatibleLocks[0].Path' is 'a.lock/', which ends in a separator*")]
    [InlineData("~someone/a.lock", "'CompatibleLocks[0].Path' cannot be resolved.*")]
    [InlineData(".credentials.json", "'CompatibleLocks[0].Path' is '.credentials.json', which is the credentials file*")]
    [InlineData(".credentials.json.tokenrefresh.lock", "'CompatibleLocks[0].Path' is *this library's own lock*")]
    public void A_path_that_names_no_lock_of_another_program_is_refused(string path, string failure) =>
        Checking([new(path)]).Should().Throw<TokenRefreshConfigurationException>().WithMessage(failure);

    [Fact]
    public void The_same_lock_twice_is_refused() =>
        Checking([new("a.lock"), new("./a.lock")]).Should().Throw<TokenRefreshConfigurationException>()
            .WithMessage("'CompatibleLocks[1].Path' is './a.lock', which is *listed before. Name each lock once.");

    [Fact]
    public void A_missing_entry_or_an_unknown_kind_is_refused()
    {
        Checking([null!]).Should().Throw<TokenRefreshConfigurationException>().WithMessage("'CompatibleLocks[0]' has no path*");
        Checking([new("a.lock") { Kind = (CompatibleLockKind)7 }]).Should().Throw<TokenRefreshConfigurationException>()
            .WithMessage("'CompatibleLocks[0].Kind' is '7'. Set it to one of 'Directory', 'File'.");
    }

    [Theory]
    [InlineData("00:00:01.9", "00:00:01", "'CompatibleLocks[0].StaleAfter' is '00:00:01.9*'. Set it to a time from*")]
    [InlineData("01:00:01", "00:00:05", "'CompatibleLocks[0].StaleAfter' is '01:00:01'. Set it to a time from*")]
    [InlineData("00:01:00", "00:00:00.9", "'CompatibleLocks[0].HeartbeatInterval' is '00:00:00.9*'. Set it to a time from*")]
    [InlineData("00:01:00", "00:00:30.1", "'CompatibleLocks[0].HeartbeatInterval' is '00:00:30.1*', more than half of 'StaleAfter'*")]
    [InlineData("00:02:00", "00:00:29", "'LockTimeout' is '00:00:30', not more than 'CompatibleLocks[0].HeartbeatInterval'*")]
    public void Times_that_do_not_hold_together_are_refused(string stale, string heartbeat, string failure) =>
        Checking([With(stale, heartbeat)]).Should().Throw<TokenRefreshConfigurationException>().WithMessage($"*{failure}");

    [Fact]
    [FailureMode("F20")]
    public void A_refresh_and_its_save_must_end_before_the_lock_is_stale()
    {
        Checking([With("00:00:25", "00:00:05")]).Should().Throw<TokenRefreshConfigurationException>().WithMessage(
            "'CompatibleLocks[0].StaleAfter' is '00:00:25', not more than 'RefreshTimeout' ('00:00:20') and 'SaveTimeout' ('00:00:05') "
            + "together*Lower 'RefreshTimeout' or 'SaveTimeout'.");
        Checking([With("00:00:25.0000001", "00:00:05")]).Should().NotThrow();
    }

    [Fact]
    public void The_times_of_a_file_lock_mean_nothing() =>
        Checking([new("a.lock") { Kind = CompatibleLockKind.File, StaleAfter = TimeSpan.Zero }]).Should().NotThrow();

    [Fact]
    public void A_store_of_one_s_own_takes_its_locks_itself()
    {
        TokenRefreshOptions options = SomeOptions.Valid(o => o.CompatibleLocks = CompatibleLock.Codex);

        var check = SomeOptions.Checking(options, new() { CredentialsStore = new UnusedStore() });

        check.Should().Throw<TokenRefreshConfigurationException>().WithMessage("'CompatibleLocks' is set, but a store of your own*");
    }

    private static CompatibleLock With(string stale, string heartbeat) =>
        new("a.lock") { StaleAfter = TimeSpan.Parse(stale, null), HeartbeatInterval = TimeSpan.Parse(heartbeat, null) };

    private static Action Checking(IReadOnlyList<CompatibleLock> locks) =>
        SomeOptions.Checking(SomeOptions.Valid(o => o.CompatibleLocks = locks));
}
