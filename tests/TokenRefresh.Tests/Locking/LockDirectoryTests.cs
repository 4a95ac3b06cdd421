using FluentAssertions;
using Microsoft.Extensions.Logging.Abstractions;
using TokenRefresh.Interop;
using TokenRefresh.Locking;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Locking;

/// <summary>The lock of npm's proper-lockfile, in a real directory and under a clock that the tests move.</summary>
public sealed class LockDirectoryTests : IDisposable
{
    private static readonly TimeSpan StaleAfter = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly TempDirectory _directory = new();
    private readonly ManualTimeProvider _time = new();
    private readonly LogCollector _log = new();

    private string Path => System.IO.Path.Combine(_directory.Path, ".oauth_refresh.lock");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_free_lock_is_a_new_directory_of_this_moment()
    {
        LockDirectory wanted = NewLock();

        wanted.TryAcquire().Should().BeTrue();

        Directory.GetLastWriteTimeUtc(Path).Should().Be(_time.GetUtcNow().UtcDateTime);
        wanted.Release();
        Directory.Exists(Path).Should().BeFalse();
        _time.TimerCount.Should().Be(0, "the heartbeat ends with the lock");
    }

    [Fact]
    public void The_heartbeat_renews_the_time_in_whole_milliseconds_as_long_as_the_lock_is_held()
    {
        LockDirectory held = NewLock();
        _time.Advance(TimeSpan.FromTicks(12_345));
        held.TryAcquire();

        _time.Advance(Heartbeat * 3);

        DateTime modified = Directory.GetLastWriteTimeUtc(Path);
        (_time.GetUtcNow().UtcDateTime - modified).Should().BeLessThan(TimeSpan.FromMilliseconds(1));
        (modified.Ticks % TimeSpan.TicksPerMillisecond).Should().Be(0);
        held.Release();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(61)]
    [InlineData(62)]
    public void A_lock_that_is_not_older_than_its_limit_is_left_alone_however_long_it_is_watched(int age)
    {
        Directory.CreateDirectory(Path);
        LockDirectory wanted = NewLock();

        // As old at each look.
        for (var i = 0; i < 20; i++)
        {
            Date(-TimeSpan.FromSeconds(age));
            wanted.TryAcquire().Should().BeFalse();
            _time.Advance(Second);
        }

        Directory.Exists(Path).Should().BeTrue();
    }

    [Fact]
    [FailureMode("F18", "F20")]
    public void One_left_over_is_taken_over_once_it_was_seen_unchanged_for_a_heartbeat_and_a_second()
    {
        Orphan(-StaleAfter - TimeSpan.FromSeconds(2) - TimeSpan.FromMilliseconds(1));
        LockDirectory wanted = NewLock();

        int looks = LooksUntilHad(wanted);

        looks.Should().Be(8, "first at 0 s, unchanged at 6 s, and confirmed once more");
        _log.CountOf(TokenRefreshEventIds.CompatibleLockTakenOver).Should().Be(1);
        Directory.GetLastWriteTimeUtc(Path).Should().Be(_time.GetUtcNow().UtcDateTime);
        wanted.Release();
        Directory.Exists(Path).Should().BeFalse();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(365 * 24 * 3600)]
    [FailureMode("F19")]
    public void One_dated_in_the_future_blocks_no_longer_than_an_old_one(int secondsAhead)
    {
        Orphan(TimeSpan.FromSeconds(secondsAhead + 10));
        LockDirectory wanted = NewLock();

        LooksUntilHad(wanted).Should().Be(8);

        wanted.Release();
    }

    [Fact]
    [FailureMode("F20")]
    public void A_live_lock_whose_clock_differs_is_left_alone_as_its_heartbeat_goes_on()
    {
        Directory.CreateDirectory(Path);
        LockDirectory wanted = NewLock();

        for (var i = 0; i < 60; i++)
        {
            if (i % 5 == 0)
            {
                Date(TimeSpan.FromHours(-1));
            }

            wanted.TryAcquire().Should().BeFalse();
            _time.Advance(Second);
        }
    }

    [Fact]
    [FailureMode("F20")]
    public void Time_in_which_this_process_was_stopped_does_not_count_as_watched()
    {
        Orphan(TimeSpan.FromHours(-1));
        LockDirectory wanted = NewLock();
        wanted.TryAcquire();

        _time.Advance(TimeSpan.FromHours(1));

        wanted.TryAcquire().Should().BeFalse("the machine may have slept, and the holder with it");
        Directory.GetLastWriteTimeUtc(Path).Should().BeBefore(_time.GetUtcNow().UtcDateTime - StaleAfter);
    }

    [Fact]
    public void What_was_watched_before_a_try_ended_counts_for_the_next()
    {
        Orphan(TimeSpan.FromHours(-1));
        LockDirectory wanted = NewLock();
        for (var i = 0; i < 4; i++)
        {
            wanted.TryAcquire();
            _time.Advance(Second);
        }

        wanted.Release();

        LooksUntilHad(wanted).Should().Be(4);
        wanted.Release();
    }

    [Fact]
    [FailureMode("F20")]
    public void One_that_another_program_takes_over_at_the_same_moment_is_not_had()
    {
        Orphan(TimeSpan.FromHours(-1));
        LockDirectory wanted = NewLock();
        while (_log.CountOf(TokenRefreshEventIds.CompatibleLockTakenOver) == 0)
        {
            wanted.TryAcquire().Should().BeFalse();
            _time.Advance(Second);
        }

        Directory.Delete(Path);
        Orphan(TimeSpan.Zero);

        wanted.TryAcquire().Should().BeFalse();
        wanted.TryAcquire().Should().BeFalse();
        wanted.Release();
        Directory.Exists(Path).Should().BeTrue("it is the other program's by now");
    }

    [Fact]
    [FailureMode("F21")]
    public void A_lock_that_was_taken_by_another_program_is_neither_renewed_nor_removed()
    {
        LockDirectory held = NewLock();
        held.TryAcquire();
        Directory.Delete(Path);
        Orphan(Second);
        DateTime modified = Directory.GetLastWriteTimeUtc(Path);

        _time.Advance(Heartbeat * 2);
        bool isHeld = held.Renew();
        held.Release();

        isHeld.Should().BeFalse();
        Directory.GetLastWriteTimeUtc(Path).Should().Be(modified);
        _log.CountOf(TokenRefreshEventIds.CompatibleLockLost).Should().Be(1);
    }

    [Fact]
    public void A_lock_whose_time_another_program_has_set_counts_as_lost()
    {
        LockDirectory held = NewLock();
        held.TryAcquire();
        Date(TimeSpan.FromMilliseconds(1));

        held.Renew().Should().BeFalse();

        held.Release();
        Directory.Exists(Path).Should().BeTrue();
    }

    [Fact]
    public void A_lock_that_is_gone_is_lost_and_can_be_had_again()
    {
        LockDirectory held = NewLock();
        held.TryAcquire();
        Directory.Delete(Path);

        held.Renew().Should().BeFalse();

        held.Release();
        held.TryAcquire().Should().BeTrue();
        held.Release();
    }

    [Fact]
    public void A_heartbeat_that_fails_is_made_up_for_by_the_next()
    {
        var files = new FailingTouch();
        LockDirectory held = NewLock(files);
        held.TryAcquire();
        files.IsFailing = true;
        _time.Advance(Heartbeat);
        held.Renew().Should().BeFalse("nothing may be sent under a lock that cannot be renewed");

        files.IsFailing = false;
        _time.Advance(Heartbeat);

        Directory.GetLastWriteTimeUtc(Path).Should().Be(_time.GetUtcNow().UtcDateTime);
        held.Renew().Should().BeTrue();
        held.Release();
    }

    [Fact]
    public void A_lock_that_cannot_be_dated_is_not_left_behind()
    {
        LockDirectory wanted = NewLock(new FailingTouch { IsFailing = true });

        var acquire = wanted.Invoking(l => l.TryAcquire());

        acquire.Should().Throw<LockUnavailableException>().WithMessage($"The lock '{Path}' cannot be had: no times here*");
        Directory.Exists(Path).Should().BeFalse();
    }

    [Fact]
    public void A_file_or_link_in_its_place_is_an_error_that_says_so()
    {
        File.WriteAllText(Path, "");
        var acquire = () => NewLock().TryAcquire();

        acquire.Should().Throw<LockUnavailableException>().WithMessage($"The lock '{Path}' cannot be had: '{Path}' is not a directory.*");

        File.Delete(Path);
        File.CreateSymbolicLink(Path, _directory.Path);
        acquire.Should().Throw<LockUnavailableException>().WithMessage("*is not a directory*correct 'CompatibleLocks'.");
    }

    [Fact]
    public void A_left_over_directory_that_holds_something_is_an_error_that_names_it()
    {
        Directory.CreateDirectory(Path);
        File.WriteAllText(System.IO.Path.Combine(Path, "someone's"), "");
        Date(TimeSpan.FromHours(-1));
        LockDirectory wanted = NewLock();

        var acquire = () => LooksUntilHad(wanted);

        acquire.Should().Throw<LockUnavailableException>().WithMessage($"The lock '{Path}' cannot be had: *not empty*");
    }

    [Fact]
    public void A_missing_directory_around_it_is_an_error()
    {
        var wanted = new LockDirectory(
            System.IO.Path.Combine(_directory.Path, "missing", "lock"),
            new CompatibleLock("lock"),
            _time,
            FileOperations.Default,
            NullLogger.Instance);

        var acquire = () => wanted.TryAcquire();

        acquire.Should().Throw<LockUnavailableException>().WithMessage("*missing*cannot be created*Nothing was sent.*");
    }

    private LockDirectory NewLock(IFileOperations? files = null) => new(
        Path,
        new CompatibleLock(Path) { StaleAfter = StaleAfter, HeartbeatInterval = Heartbeat },
        _time,
        files ?? FileOperations.Default,
        _log);

    private void Orphan(TimeSpan lead)
    {
        Directory.CreateDirectory(Path);
        Date(lead);
    }

    private void Date(TimeSpan lead) => Directory.SetLastWriteTimeUtc(Path, (_time.GetUtcNow() + lead).UtcDateTime);

    private int LooksUntilHad(LockDirectory wanted)
    {
        var looks = 1;
        while (!wanted.TryAcquire())
        {
            looks.Should().BeLessThan(100);
            looks++;
            _time.Advance(Second);
        }

        return looks;
    }

    private sealed class FailingTouch : FileOperationsDecorator
    {
        internal bool IsFailing { get; set; }

        public override void SetModified(string path, DateTimeOffset at)
        {
            if (IsFailing)
            {
                throw new IOException("no times here.");
            }

            base.SetModified(path, at);
        }
    }
}
