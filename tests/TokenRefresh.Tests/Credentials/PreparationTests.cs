using System.Diagnostics;
using System.Runtime.Versioning;
using FluentAssertions;
using TokenRefresh.Interop;
using TokenRefresh.Stores;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;

namespace TokenRefresh.Tests.Credentials;

/// <summary>What would keep the credentials from being replaced is found before anything is sent; and what stands in their place is never
/// waited for.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class PreparationTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public PreparationTests() =>
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Attributes, named pipes and sticky directories as Linux has them.");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Target => Path.Combine(_directory.Path, ".credentials.json");

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("+i", false, "immutable")]
    [InlineData("+a", false, "append-only")]
    [InlineData("+a", true, "append-only")]
    [InlineData("+i", true, "immutable")]
    [FailureMode("F108", "F140")]
    public async Task A_file_that_cannot_be_replaced_costs_no_request_and_the_error_says_how_it_is_put_right(
        string attribute, bool isOfDirectory, string reason)
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        await login.CreateProvider().GetStatusAsync(Cancellation);
        string marked = isOfDirectory ? login.Directory.Path : login.Path;
        using var lockDirectory = new TempDirectory();
        Assert.SkipUnless(
            await TryRunAsync("chattr", attribute, marked),
            "chattr(1) is not installed, this file system has no attributes, or this user may not set them.");
        try
        {
            CoordinatedTokenProvider provider = login.CreateProvider(o => o.LockPath = Path.Combine(lockDirectory.Path, "lock"));

            Func<Task> act = async () => await provider.GetAccessTokenAsync(Cancellation);

            CredentialsFileException failure = (await act.Should().ThrowAsync<CredentialsFileException>()).Which;
            failure.Message.Should().Contain($"'{login.Path}'").And.Contain(reason).And.Contain("Nothing was sent");
            login.Server.Books.TokenRequests.Should().Be(0);
        }
        finally
        {
            await TryRunAsync("chattr", attribute.Replace('+', '-'), marked);
        }

        (await login.CreateProvider().GetAccessTokenAsync(Cancellation)).Value.Should().NotBeEmpty("it can be replaced again");
        Directory.GetFiles(login.Directory.Path, "*.tokenrefresh.tmp").Should().BeEmpty();
    }

    [Fact]
    [FailureMode("F125")]
    public async Task A_name_to_which_no_temp_name_could_be_appended_works()
    {
        string path = Path.Combine(_directory.Path, new string('n', 236));
        await File.WriteAllTextAsync(path, """{"claudeAiOauth":{"accessToken":"a","refreshToken":"r","expiresAt":1}}""", Cancellation);
        using FileCredentialsStore store = CreateStore(path);

        await using ICredentialsLease lease = (await store.AcquireLeaseAsync(TimeSpan.Zero, Cancellation))!;
        bool isPrepared = await lease.PrepareAsync(Cancellation);
        string temp = Directory.GetFiles(_directory.Path, "*.tokenrefresh.tmp").Should().ContainSingle().Subject;
        OAuthCredentials? stored = await lease.ReadAsync(Cancellation);
        CredentialsCommit commit = await lease.CommitAsync(stored, new OAuthCredentials("a2", "r2"), Cancellation);

        isPrepared.Should().BeTrue();
        Path.GetFileName(temp).Length.Should().BeLessThanOrEqualTo(255);
        commit.IsCommitted.Should().BeTrue();
        (await File.ReadAllTextAsync(path, Cancellation)).Should().Contain("\"r2\"");
    }

    [Fact]
    [FailureMode("F103")]
    public async Task A_named_pipe_in_the_place_of_the_credentials_is_an_error_at_once()
    {
        Assert.SkipUnless(await TryRunAsync("mkfifo", Target), "mkfifo(1) is not installed.");
        using FileCredentialsStore store = CreateStore(Target);

        Func<Task> act = () => Task.Run(async () => await store.ReadAsync(Cancellation), Cancellation)
            .WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System, Cancellation);

        (await act.Should().ThrowAsync<CredentialsFileException>())
            .Which.Message.Should().Contain($"'{Target}'")
            .And.Contain("not a regular file")
            .And.NotContain("access", "permission is not what is lacking");
    }

    [Fact]
    [FailureMode("F103", "F134")]
    public async Task Named_pipes_and_links_of_a_temp_file_s_name_are_left_alone()
    {
        await File.WriteAllTextAsync(Target, """{"claudeAiOauth":{"accessToken":"a","refreshToken":"r","expiresAt":1}}""", Cancellation);
        string pipe = $"{Target}.1.{new string('a', 32)}.tokenrefresh.tmp";
        string link = $"{Target}.2.{new string('b', 32)}.tokenrefresh.tmp";
        Assert.SkipUnless(await TryRunAsync("mkfifo", pipe), "mkfifo(1) is not installed.");
        File.CreateSymbolicLink(link, Target);
        using FileCredentialsStore store = CreateStore(Target);

        await using ICredentialsLease lease = (await store.AcquireLeaseAsync(TimeSpan.Zero, Cancellation))!;
        bool isPrepared = await lease.PrepareAsync(Cancellation)
            .AsTask()
            .WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System, Cancellation);

        isPrepared.Should().BeTrue();
        File.Exists(pipe).Should().BeTrue();
        new FileInfo(link).LinkTarget.Should().Be(Target);
    }

    [Fact]
    [FailureMode("F110")]
    public async Task A_file_of_gigabytes_is_an_error_at_once()
    {
        await using (FileStream sparse = File.Create(Target))
        {
            sparse.SetLength(5L << 30);
        }

        using FileCredentialsStore store = CreateStore(Target);

        Func<Task> act = async () => await store.ReadAsync(Cancellation);

        (await act.Should().ThrowAsync<CredentialsFileException>()).Which.Message.Should().Contain("16 MiB").And.NotContain("access");
    }

    [Fact]
    [FailureMode("F107")]
    public void Every_directory_that_root_makes_below_a_user_s_directory_is_that_user_s()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root makes directories for others.");
        const uint Nobody = 65534;
        string home = Directory.CreateDirectory(Path.Combine(_directory.Path, "home")).FullName;
        OtherUser.ChangeOwner(home, Nobody);

        FileOperations.Default.CreateDirectory(Path.Combine(home, "one", "two"));

        FileIdentity? one = FileIdentity.TryRead(Path.Combine(home, "one"), followLinks: false, out _);
        FileIdentity? two = FileIdentity.TryRead(Path.Combine(home, "one", "two"), followLinks: false, out _);
        new[] { one!.UserId, one.GroupId, two!.UserId, two.GroupId }.Should().OnlyContain(id => id == Nobody);
    }

    [Fact]
    [FailureMode("F107")]
    public void A_file_that_is_a_group_s_stays_so_and_two_users_save_it_in_turn()
    {
        OtherUser.SkipUnlessPossible();
        const uint Group = 54321;
        File.WriteAllText(Target, """{"claudeAiOauth":{"accessToken":"a","refreshToken":"r0","expiresAt":1}}""");
        OtherUser.ChangeOwner(Target, 10001, Group);
        File.SetUnixFileMode(Target, (UnixFileMode)0b110_110_000);
        OtherUser.ChangeOwner(_directory.Path, 10001, Group);
        File.SetUnixFileMode(_directory.Path, (UnixFileMode)0b111_111_000);

        for (var i = 0; i < 4; i++)
        {
            OtherUser.Run(i % 2 == 0 ? 10001u : 10002u, Group, () => Save($"r{i}", $"r{i + 1}"));
            FileIdentity file = FileIdentity.TryRead(Target, followLinks: false, out _)!;
            file.GroupId.Should().Be(Group);
            file.Permissions.Should().Be((UnixFileMode)0b110_110_000);
        }

        File.ReadAllText(Target).Should().Contain("\"r4\"");
    }

    [Fact]
    [FailureMode("F107", "F108")]
    public void A_save_that_would_lock_the_owner_out_is_refused_before()
    {
        OtherUser.SkipUnlessPossible();
        File.WriteAllText(Target, """{"claudeAiOauth":{"accessToken":"a","refreshToken":"r0","expiresAt":1}}""");
        OtherUser.ChangeOwner(Target, 10001);
        File.SetUnixFileMode(Target, (UnixFileMode)0b110_100_100);
        File.SetUnixFileMode(_directory.Path, (UnixFileMode)0b111_111_111);

        Action act = () => OtherUser.Run(10002, 10002, () => Save("r0", "r1"));

        act.Should().Throw<CredentialsFileException>()
            .Which.Message.Should().Contain("belongs to the user 10001")
            .And.Contain("Nothing was sent");
    }

    [Fact]
    [FailureMode("F108")]
    public void Another_user_s_file_in_a_sticky_directory_is_refused_before()
    {
        OtherUser.SkipUnlessPossible();
        File.WriteAllText(Target, """{"claudeAiOauth":{"accessToken":"a","refreshToken":"r0","expiresAt":1}}""");
        OtherUser.ChangeOwner(Target, 10001);
        File.SetUnixFileMode(Target, (UnixFileMode)0b110_100_100);
        File.SetUnixFileMode(_directory.Path, UnixFileMode.StickyBit | (UnixFileMode)0b111_111_111);

        Action act = () => OtherUser.Run(10002, 10002, () => Save("r0", "r1"));

        act.Should().Throw<CredentialsFileException>().Which.Message.Should().Contain("sticky");
    }

    private static FileCredentialsStore CreateStore(string path) =>
        new(
            new(path, CredentialsFileFormat.Auto, lockPath: null, allowUnreliableLock: false, TimeSpan.FromSeconds(5)),
            TimeProvider.System);

    private static async Task<bool> TryRunAsync(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(
                new ProcessStartInfo(program, arguments) { RedirectStandardError = true, UseShellExecute = false })!;
            await process.WaitForExitAsync(Cancellation);
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    // Synchronous to the end, so that it runs with the rights of this thread.
    private void Save(string expected, string next)
    {
        using FileCredentialsStore store = CreateStore(Target);
        ICredentialsLease lease = store.AcquireLeaseAsync(TimeSpan.Zero).AsTask().GetAwaiter().GetResult()!;
        try
        {
            OAuthCredentials stored = lease.ReadAsync().AsTask().GetAwaiter().GetResult()!;
            stored.RefreshToken.Should().Be(expected);
            lease.PrepareAsync().AsTask().GetAwaiter().GetResult().Should().BeTrue();
            lease.CommitAsync(stored, new OAuthCredentials("a", next)).AsTask().GetAwaiter().GetResult().IsCommitted.Should().BeTrue();
        }
        finally
        {
            lease.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }
}
