using System.Diagnostics;
using System.Globalization;
using FluentAssertions;
using TokenRefresh.Stores;

namespace TokenRefresh.Tests.Credentials;

/// <summary>What wakes those who wait for the file to change.</summary>
public sealed class FileWatchTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TempDirectory _temp = new();
    private readonly string _directory;
    private readonly FileChangeWatch _watch;

    public FileWatchTests()
    {
        Assert.SkipWhen(OperatingSystem.IsMacOS(), "A watch on macOS makes the system sync its disks, so there is none.");
        _directory = Directory.CreateDirectory(Path.Combine(_temp.Path, "login")).FullName;
        _watch = FileChangeWatch.Rent(Target);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Target => Path.Combine(_directory, ".credentials.json");

    public void Dispose()
    {
        _watch.Return();
        _temp.Dispose();
    }

    [Fact]
    public async Task A_file_renamed_to_the_target_wakes_all_who_wait()
    {
        Task[] waits = [Wait(), Wait()];

        Rename(Target);

        await EndedAsync(waits);
    }

    [Fact]
    public async Task Another_file_of_the_directory_wakes_no_one()
    {
        string path = Path.Combine(_directory, "another.json");
        FileChangeWatch another = FileChangeWatch.Rent(path);
        Task wait = Wait();

        for (var i = 0; i < 2; i++)
        {
            // What the first brought about is done once the second arrives.
            Task change = another.WaitAsync(Cancellation);
            Rename(path);
            await EndedAsync(change);
        }

        wait.IsCompleted.Should().BeFalse();
        another.Return();
    }

    [Fact]
    public async Task A_directory_that_is_moved_away_wakes_who_waits_and_its_successor_is_watched()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Windows moves no directory that is watched.");
        Task wait = Wait();

        Directory.Move(_directory, _directory + ".old");
        await EndedAsync(wait);
        Directory.CreateDirectory(_directory);
        Task next = Wait();
        Rename(Target);

        await EndedAsync(next);
    }

    [Fact]
    public async Task A_directory_that_is_deleted_wakes_who_waits_and_its_successor_is_watched()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Windows deletes no directory that is watched.");
        Task wait = Wait();

        Directory.Delete(_directory);
        await EndedAsync(wait);
        Directory.CreateDirectory(_directory);
        Task next = Wait();
        Rename(Target);

        await EndedAsync(next);
    }

    [Fact]
    public async Task A_cancelled_wait_ends_cancelled_whether_the_token_was_cancelled_before_or_after()
    {
        using var source = new CancellationTokenSource();
        Task after = _watch.WaitAsync(source.Token);
        await source.CancelAsync();

        Task before = _watch.WaitAsync(source.Token);

        before.IsCanceled.Should().BeTrue();
        await after.ContinueWith(static _ => { }, Cancellation, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default)
            .WaitAsync(Patience, TimeProvider.System, Cancellation);
        after.IsCanceled.Should().BeTrue();
    }

    [Fact]
    public async Task A_missing_directory_is_polled()
    {
        FileChangeWatch nowhere = FileChangeWatch.Rent(Path.Combine(_temp.Path, "nowhere", ".credentials.json"));
        Task wait = nowhere.WaitAsync(Cancellation);
        wait.IsCompleted.Should().BeFalse();

        Directory.CreateDirectory(Path.Combine(_temp.Path, "nowhere"));
        Rename(Path.Combine(_temp.Path, "nowhere", ".credentials.json"));

        await EndedAsync(wait);
        nowhere.Return();
    }

    [Fact]
    public async Task A_watch_that_no_one_waits_on_ends_with_the_first_change()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Watches are counted in /proc.");
        string inode = await InodeAsync();
        Task wait = Wait();
        CountWatches(inode).Should().Be(1);
        Rename(Target);
        await EndedAsync(wait);

        // The first one's event may still be to come, if the poll was faster than it.
        Rename(Target);

        long start = TimeProvider.System.GetTimestamp();
        while (CountWatches(inode) > 0)
        {
            TimeProvider.System.GetElapsedTime(start).Should().BeLessThan(Patience, "no one waits");
            await Task.Yield();
        }

        Task next = Wait();
        Rename(Target);
        await EndedAsync(next);
    }

    private static Task EndedAsync(params Task[] waits) => Task.WhenAll(waits).WaitAsync(Patience, TimeProvider.System, Cancellation);

    // Each watch stands in a line of its instance's: "inotify wd:1 ino:9e7e sdev:...".
    private static int CountWatches(string inode) =>
        Directory.GetFiles("/proc/self/fdinfo")
            .Sum(info => LinesOf(info).Count(line => line.Contains($"ino:{inode} ", StringComparison.Ordinal)));

    private static string[] LinesOf(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (IOException)
        {
            // Closed since it was listed.
            return [];
        }
    }

    private async Task<string> InodeAsync()
    {
        using Process stat = Process.Start(
            new ProcessStartInfo("stat", ["-c", "%i", _directory]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        string text = await stat.StandardOutput.ReadToEndAsync(Cancellation);
        return long.Parse(text, CultureInfo.InvariantCulture).ToString("x", CultureInfo.InvariantCulture);
    }

    private Task Wait() => _watch.WaitAsync(Cancellation);

    private void Rename(string path)
    {
        string temp = Path.Combine(_temp.Path, Path.GetRandomFileName());
        File.WriteAllText(temp, "{}");
        File.Move(temp, path, overwrite: true);
    }
}
