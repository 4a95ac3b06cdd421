using FluentAssertions;
using TokenRefresh.Interop;
using TokenRefresh.Record;
using TokenRefresh.Stores;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;
using TokenRefresh.Tests.Record;
using TokenRefresh.Tests.Refresh;

namespace TokenRefresh.Tests.Credentials;

/// <summary>
/// Every way a disk can fail, at the seam of the file system: before the exchange nothing is sent, after it nothing is lost.
/// </summary>
public sealed class DiskFaultTests : IDisposable
{
    private readonly FileOperationsSpy _files = new();
    private readonly ManualTimeProvider _time = new();
    private readonly LogCollector _log = new();
    private readonly EventLog _events = new();

    public static TheoryData<string> FaultsOfTheTempFile => [.. DiskFault.OfTheTempFile.Select(f => f.Name)];

    public static TheoryData<string> FaultsOfTheSave => [.. DiskFault.OfTheSave.Select(f => f.Name)];

    public static TheoryData<string> FaultsUpToTheRename => [.. DiskFault.OfTheSave.Where(f => !f.IsRenamed).Select(f => f.Name)];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _log.Dispose();

    [Theory]
    [MemberData(nameof(FaultsOfTheTempFile))]
    [FailureMode("F35")]
    public async Task A_fault_that_the_preparation_meets_is_named_and_nothing_is_sent(string fault)
    {
        await using SharedLogin login = await StartAsync();
        using FileCredentialsStore store = login.CreateStore(_files, _time);
        byte[] before = await File.ReadAllBytesAsync(login.Path, Cancellation);
        DiskFault broken = Break(fault, DiskFault.OfTheTempFile);
        _files.MountPoint = broken.Failures[0].Operation == "ensure writable";
        CoordinatedTokenProvider provider = Create(login, store);

        Func<Task> get = async () => await provider.GetAccessTokenAsync(Cancellation);

        CredentialsFileException failure = (await get.Should().ThrowAsync<CredentialsFileException>()).Which;
        failure.Message.Should().Contain($"'{login.Path}'").And.Contain("Nothing was sent").And.Contain(broken.Failures[0].Failure.Message);
        failure.InnerException.Should().BeSameAs(broken.Failures[0].Failure);
        login.Server.Books.TokenRequests.Should().Be(0);
        (await File.ReadAllBytesAsync(login.Path, Cancellation)).Should().Equal(before);
        _events.IsEmpty.Should().BeTrue();

        Repair();
        login.Server.IsAccepted((await provider.GetAccessTokenAsync(Cancellation)).Value)
            .Should().BeTrue("the refresh token was not touched, and no pause was noted");
    }

    [Theory]
    [InlineData("read", 24)]
    [InlineData("read", 23)]
    [InlineData("create", 24)]
    [InlineData("create", 23)]
    public async Task A_lack_of_file_descriptors_is_named_and_passes(string operation, int errno)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The numbers of Linux, macOS and FreeBSD.");
        await using SharedLogin login = await StartAsync();
        using FileCredentialsStore store = login.CreateStore(_files, _time);
        CoordinatedTokenProvider provider = Create(login, store);
        _files.Before = called => _ = called == operation ? throw new IOException("Too many open files", errno) : 0;

        Func<Task> get = async () => await provider.GetAccessTokenAsync(Cancellation);

        CredentialsFileException failure = (await get.Should().ThrowAsync<CredentialsFileException>()).Which;
        failure.IsTransient.Should().BeTrue();
        failure.Message.Should().Contain("Too many open files").And.Contain("raise the limit").And.NotContain("Grant");
        Repair();
        login.Server.IsAccepted((await provider.GetAccessTokenAsync(Cancellation)).Value).Should().BeTrue();
    }

    [Fact]
    [FailureMode("F35", "F17")]
    public async Task A_token_that_is_due_but_valid_is_served_while_the_disk_is_full()
    {
        await using SharedLogin login = await SharedLogin.StartAsync(new() { TimeProvider = _time });
        using FileCredentialsStore store = login.CreateStore(_files, _time);
        CoordinatedTokenProvider provider = Create(login, store);
        AccessToken first = await provider.GetAccessTokenAsync(Cancellation);
        Break("the disk is full", DiskFault.OfTheTempFile);
        _time.Advance(TimeSpan.FromMinutes(57));

        AccessToken served = await provider.GetAccessTokenAsync(Cancellation);
        await _log.WaitForAsync(TokenRefreshEventIds.BackgroundRefreshFailed);

        served.Should().BeSameAs(first);
        (await provider.GetAccessTokenAsync(Cancellation)).Should().BeSameAs(first);
        login.Server.Books.TokenRequests.Should().Be(0);
    }

    [Theory]
    [MemberData(nameof(FaultsOfTheSave))]
    [FailureMode("F34")]
    public async Task Tokens_that_cannot_be_saved_are_served_announced_and_noted_and_the_file_left_as_it_was(string fault)
    {
        await using SharedLogin login = await StartAsync();
        using FileCredentialsStore store = login.CreateStore(_files, _time);
        byte[] before = await File.ReadAllBytesAsync(login.Path, Cancellation);
        DiskFault broken = Break(fault, DiskFault.OfTheSave);
        CoordinatedTokenProvider provider = Create(login, store);

        AccessToken token = await provider.GetAccessTokenAsync(Cancellation);

        login.Server.IsAccepted(token.Value).Should().BeTrue();
        (await provider.GetAccessTokenAsync(Cancellation)).Should().BeSameAs(token);
        SaveFailedEvent announced = await _events.NextAsync<SaveFailedEvent>();
        announced.Location.Should().Be(login.Path);
        announced.Exception.Should().BeOfType<CredentialsSaveException>()
            .Which.Message.Should().Contain($"'{login.Path}'")
            .And.Contain(broken.Failures[^1].Failure.Message);
        (await _events.NextAsync<TokensRefreshedEvent>()).IsSaved.Should().BeFalse();
        _log.CountOf(TokenRefreshEventIds.SaveFailed).Should().Be(1);
        (await provider.GetStatusAsync(Cancellation)).Problem.Should().Contain(login.Path).And.Contain("could not be saved");
        if (broken.IsRenamed)
        {
            (await File.ReadAllTextAsync(login.Path, Cancellation)).Should().Contain(token.Value);
            return;
        }

        (await File.ReadAllBytesAsync(login.Path, Cancellation)).Should().Equal(before);
        Hold mark = Unsaved(await RecordAsync(store))!;
        mark.Key.RefreshToken.Should().Be(Fingerprint.Of(login.Login.RefreshToken));
        mark.Cause.Should().Be($"{Environment.ProcessId}");
        mark.Since.Should().Be(_time.GetUtcNow());
    }

    [Theory]
    [MemberData(nameof(FaultsUpToTheRename))]
    [FailureMode("F34")]
    public async Task It_is_saved_in_the_background_with_growing_pauses_that_renew_the_mark(string fault)
    {
        await using SharedLogin login = await StartAsync();
        using FileCredentialsStore store = login.CreateStore(_files, _time);
        Break(fault, DiskFault.OfTheSave);
        CoordinatedTokenProvider provider = Create(login, store);
        AccessToken token = await provider.GetAccessTokenAsync(Cancellation);

        foreach (int seconds in new[] { 1, 2, 4, 8, 16, 30, 30 })
        {
            await AdvanceToRetryAsync(seconds);
        }

        // The next pause begins when the try before it has ended.
        await _time.WaitForTimerDueInAsync(TimeSpan.FromSeconds(30));
        Unsaved(await RecordAsync(store))!.Since.Should().Be(_time.GetUtcNow());
        Repair();
        await AdvanceToRetryAsync(30);
        await provider.DisposeAsync();
        await ShouldBeSavedAsync(login, store, token);
        login.Server.Books.TokenRequests.Should().Be(1);
    }

    [Theory]
    [MemberData(nameof(FaultsOfTheSave))]
    [FailureMode("F34")]
    public async Task The_next_refresh_presents_the_unsaved_token_and_never_the_stored_one(string fault)
    {
        await using SharedLogin login = await StartAsync();
        using FileCredentialsStore store = login.CreateStore(_files, _time);
        DiskFault broken = Break(fault, DiskFault.OfTheSave);
        CoordinatedTokenProvider provider = Create(login, store);
        byte[] before = await File.ReadAllBytesAsync(login.Path, Cancellation);
        AccessToken first = await provider.GetAccessTokenAsync(Cancellation);

        _time.Advance(TimeSpan.FromHours(1));
        AccessToken second = await provider.GetAccessTokenAsync(Cancellation);
        AccessToken third = await provider.RefreshAccessTokenAsync(second, Cancellation);

        new[] { first.Value, second.Value, third.Value }.Should().OnlyHaveUniqueItems();
        login.Server.IsAccepted(third.Value).Should().BeTrue();
        login.Server.ReceivedTokenRequests.Select(r => r.Parameters["refresh_token"]).Should().OnlyHaveUniqueItems().And.HaveCount(3);
        login.Server.Books.Should().BeEquivalentTo(new { Grants = 3, Reuses = 0, FamiliesRevoked = 0 });
        if (!broken.IsRenamed)
        {
            (await File.ReadAllBytesAsync(login.Path, Cancellation)).Should().Equal(before);
        }

        Repair();
        await provider.DisposeAsync();
        await ShouldBeSavedAsync(login, store, third);
    }

    [Theory]
    [MemberData(nameof(FaultsOfTheSave))]
    [FailureMode("F34")]
    public async Task It_is_saved_at_the_next_chance_before_anything_else_is_sent(string fault)
    {
        await using SharedLogin login = await StartAsync();
        using FileCredentialsStore store = login.CreateStore(_files, _time);
        Break(fault, DiskFault.OfTheSave);
        CoordinatedTokenProvider provider = Create(login, store);
        AccessToken token = await provider.GetAccessTokenAsync(Cancellation);
        Repair();
        using ParkedRequest parked = login.Server.ParkNextTokenRequest();

        Task<AccessToken> refreshing = provider.RefreshAccessTokenAsync(token, Cancellation).AsTask();
        await parked.Arrived;

        (await File.ReadAllTextAsync(login.Path, Cancellation)).Should().Contain(token.Value);
        _log.CountOf(TokenRefreshEventIds.UnsavedTokensSaved).Should().Be(1);
        parked.Release();
        login.Server.IsAccepted((await refreshing).Value).Should().BeTrue();
        login.Server.Books.Should().BeEquivalentTo(new { Grants = 2, Reuses = 0 });
    }

    [Theory]
    [MemberData(nameof(FaultsOfTheSave))]
    [FailureMode("F34", "F97")]
    public async Task It_is_saved_at_disposal(string fault)
    {
        await using SharedLogin login = await StartAsync();
        using FileCredentialsStore store = login.CreateStore(_files, _time);
        Break(fault, DiskFault.OfTheSave);
        CoordinatedTokenProvider provider = Create(login, store);
        AccessToken token = await provider.GetAccessTokenAsync(Cancellation);
        Repair();

        await provider.DisposeAsync();

        await ShouldBeSavedAsync(login, store, token);
    }

    [Fact]
    [FailureMode("F34", "F97")]
    public async Task A_disposal_during_which_the_disk_still_fails_ends_and_leaves_the_mark()
    {
        await using SharedLogin login = await StartAsync();
        using FileCredentialsStore store = login.CreateStore(_files, _time);
        byte[] before = await File.ReadAllBytesAsync(login.Path, Cancellation);
        Break("the disk is full at the write", DiskFault.OfTheSave);
        CoordinatedTokenProvider provider = Create(login, store);
        await provider.GetAccessTokenAsync(Cancellation);
        _time.Advance(TimeSpan.FromMilliseconds(500));

        await provider.DisposeAsync();

        (await File.ReadAllBytesAsync(login.Path, Cancellation)).Should().Equal(before);
        LoginRecord record = await RecordAsync(store);
        Unsaved(record)!.Since.Should().Be(_time.GetUtcNow(), "the last try renewed it");
        record.Attempt.Should().NotBeNull("with this process the pair is gone: the outcome is unknown to everyone else");
        _files.TempPaths.Should().OnlyContain(path => !File.Exists(path));
    }

    [Fact]
    [FailureMode("F47")]
    public async Task Where_a_rename_crosses_file_systems_the_file_is_overwritten_in_place()
    {
        await using SharedLogin login = await StartAsync();
        using FileCredentialsStore store = login.CreateStore(_files, _time);
        _files.CannotReplace = true;

        AccessToken token = await Create(login, store).GetAccessTokenAsync(Cancellation);

        await ShouldBeSavedAsync(login, store, token);
        _files.Calls.Should().ContainSingle(call => call == "write in place");
    }

    [Fact]
    [FailureMode("F47")]
    public async Task The_system_s_refusal_to_rename_across_file_systems_is_told_from_every_other_one()
    {
        Assert.SkipUnless(
            OperatingSystem.IsLinux() && Directory.Exists("/dev/shm"), "A second file system at '/dev/shm' is a habit of Linux.");
        using var here = new TempDirectory();
        string there = Path.Combine("/dev/shm", Path.GetFileName(here.Path));
        await File.WriteAllTextAsync(there, "", Cancellation);
        try
        {
            bool isReplaced = FileOperations.Default.TryReplace(there, Path.Combine(here.Path, "target"));
            Action missing = () => FileOperations.Default.TryReplace(Path.Combine(here.Path, "missing"), Path.Combine(here.Path, "target"));

            isReplaced.Should().BeFalse();
            missing.Should().ThrowExactly<IOException>().WithMessage("*(errno 2)*");
        }
        finally
        {
            File.Delete(there);
        }
    }

    private Task<SharedLogin> StartAsync() => SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _time });

    private CoordinatedTokenProvider Create(SharedLogin login, FileCredentialsStore store) =>
        login.CreateProvider(_events.AttachTo, new() { CredentialsStore = store, TimeProvider = _time, LoggerFactory = _log });

    private DiskFault Break(string fault, IReadOnlyList<DiskFault> rows)
    {
        DiskFault row = rows.Single(f => f.Name == fault);
        row.Break(_files);
        return row;
    }

    private void Repair()
    {
        _files.Before = null;
        _files.CannotReplace = false;
    }

    private async Task AdvanceToRetryAsync(int seconds)
    {
        await _time.WaitForTimerDueInAsync(TimeSpan.FromSeconds(seconds));
        _time.Advance(TimeSpan.FromSeconds(seconds));
    }

    private static Hold? Unsaved(LoginRecord record) => Array.Find(record.Holds, hold => hold.Kind == HoldKind.Unsaved);

    private static Task<LoginRecord> RecordAsync(FileCredentialsStore store) => Records.ReadAsync(store);

    private async Task ShouldBeSavedAsync(SharedLogin login, FileCredentialsStore store, AccessToken token)
    {
        (await File.ReadAllTextAsync(login.Path, Cancellation)).Should().Contain(token.Value).And.Contain("server|1");
        LoginRecord record = await RecordAsync(store);
        Unsaved(record).Should().BeNull();
        record.Attempt?.Key.AccessToken.Should().NotBe(Fingerprint.Of(token.Value), "nothing is in flight for the saved pair");
        record.Used.Should().Contain(Fingerprint.Of(login.Login.RefreshToken));
        login.Server.Books.Reuses.Should().Be(0);
        (await login.CreateProvider(services: new() { TimeProvider = _time }).GetAccessTokenAsync(Cancellation)).Value
            .Should().Be(token.Value, "any other process finds it");
    }
}
