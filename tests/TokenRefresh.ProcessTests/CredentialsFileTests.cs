using System.Text.Json;
using FluentAssertions;
using TokenRefresh.TestKit;

namespace TokenRefresh.ProcessTests;

/// <summary>What one process writes, others read; links, temp files and copies beside it.</summary>
public sealed class CredentialsFileTests
{
    private const int Writes = 250;
    private const int Readers = 16;

    [Fact]
    [FailureMode("F38", "F41", "F23")]
    public async Task Sixteen_readers_of_a_file_that_another_process_keeps_writing_see_whole_logins_only()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        string padding = new('x', 64 * 1024);
        await File.WriteAllTextAsync(
            login.Path,
            $$"""
            {"claudeAiOauth":{"accessToken":"access-0","refreshToken":"refresh-0","expiresAt":1},
             "padding":"{{padding}}","last":true}
            """,
            TestContext.Current.CancellationToken);
        await using ChildProcess writer = await ChildProcess.StartAsync(TestProgram.Path);
        await writer.RunAsync(login.CreateCommand());

        Task writing = writer.RunAsync($"stores {Writes}");
        int[][] seen = await Task.WhenAll(Enumerable.Range(0, Readers).Select(_ => Task.Run(() => ReadUntil(writing, login.Path))));
        await writing;

        seen.Should().OnlyContain(
            numbers => numbers.Zip(numbers.Skip(1)).All(pair => pair.First <= pair.Second),
            "no reader sees an older login after a newer one");
        seen.SelectMany(numbers => numbers)
            .Distinct()
            .Should().HaveCountGreaterThan(Writes / 10, "the readers are to meet the writer at work");
        Parse(await File.ReadAllBytesAsync(login.Path, TestContext.Current.CancellationToken)).Should().Be(Writes - 1);
    }

    [Fact]
    [FailureMode("F39")]
    public async Task Temp_files_have_names_of_their_own_and_that_of_a_killed_process_is_swept()
    {
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        await using ChildProcessGroup group = await ChildProcessGroup.StartAsync(2, TestProgram.Path);
        (ChildProcess killed, ChildProcess next) = (group.Children[0], group.Children[1]);
        await group.RunAsync(login.CreateCommand());
        using ParkedRequest first = login.Server.ParkNextTokenRequest();
        using ParkedRequest second = login.Server.ParkNextTokenRequest();
        using ParkedRequest third = login.Server.ParkNextTokenRequest();
        await killed.SendAsync("get");
        await first.Arrived;
        string ofTheKilled = login.TempFiles.Should().ContainSingle().Subject;

        await killed.KillAsync();
        first.Drop();
        Task<string> get = await next.StartCommandAsync("get");
        await second.Arrived;
        string ofTheNext = login.TempFiles.Should().ContainSingle("the left-over is swept before anything is sent").Subject;
        second.Release();
        await get;
        login.TempFiles.Should().BeEmpty();
        get = await next.StartCommandAsync("refresh last");
        await third.Arrived;
        string ofItsNextAttempt = login.TempFiles.Should().ContainSingle().Subject;
        third.Release();
        await get;

        new[] { ofTheKilled, ofTheNext, ofItsNextAttempt }.Should().OnlyHaveUniqueItems();
        login.TempFiles.Should().BeEmpty();
        login.Books.Should().BeEquivalentTo(new { Grants = 2, Reuses = 0 });
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [FailureMode("F46")]
    public async Task A_link_stays_a_link_and_its_target_has_the_new_tokens(bool isRelative)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Symbolic links need a privilege on Windows.");
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        string home = Directory.CreateDirectory(Path.Combine(login.Directory.Path, "home")).FullName;
        string link = Path.Combine(home, "credentials");
        string middle = Path.Combine(home, "middle");
        File.CreateSymbolicLink(middle, isRelative ? "../.credentials.json" : login.Path);
        File.CreateSymbolicLink(link, isRelative ? "middle" : middle);
        await using ChildProcess child = await ChildProcess.StartAsync(TestProgram.Path);
        await child.RunAsync(login.CreateCommand(path: link));

        string reply = await child.RunAsync("get");

        new FileInfo(link).LinkTarget.Should().Be(isRelative ? "middle" : middle);
        new FileInfo(login.Path).LinkTarget.Should().BeNull();
        using JsonDocument target = JsonDocument.Parse(await File.ReadAllBytesAsync(login.Path, TestContext.Current.CancellationToken));
        reply.Should().Be(Replies.OneToken(target.RootElement.GetProperty("claudeAiOauth").GetProperty("accessToken").GetString()!));
        Directory.GetFileSystemEntries(home).Should().BeEquivalentTo(link, middle);
        File.Exists(login.LockPath).Should().BeTrue("the lock belongs to the target");
    }

    [Fact]
    public async Task A_hard_link_keeps_the_old_content()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no ln.");
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        string second = Path.Combine(login.Directory.Path, "second");
        await OtherPrograms.RunAsync("ln", login.Path, second);
        byte[] before = await File.ReadAllBytesAsync(second, TestContext.Current.CancellationToken);
        await using ChildProcess child = await ChildProcess.StartAsync(TestProgram.Path);
        await child.RunAsync(login.CreateCommand());

        string reply = await child.RunAsync("get");

        using JsonDocument saved = JsonDocument.Parse(await File.ReadAllBytesAsync(login.Path, TestContext.Current.CancellationToken));
        reply.Should().Be(Replies.OneToken(saved.RootElement.GetProperty("claudeAiOauth").GetProperty("accessToken").GetString()!));
        (await File.ReadAllBytesAsync(second, TestContext.Current.CancellationToken))
            .Should().Equal(before, "a save replaces the name, not the content behind it");
    }

    [Fact]
    [FailureMode("F9")]
    public async Task A_newer_copy_beside_the_file_is_neither_read_nor_written()
    {
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        string copy = Path.Combine(login.Directory.Path, ".credentials.json.bak");
        OAuthCredentials newer = login.Store(login.Server.IssueLogin().Credentials, copy);
        byte[] before = await File.ReadAllBytesAsync(copy, TestContext.Current.CancellationToken);
        await using ChildProcess child = await ChildProcess.StartAsync(TestProgram.Path);
        await child.RunAsync(login.CreateCommand());

        string reply = await child.RunAsync("get 4");

        reply.Should().EndWith("distinct=1 failures=0").And.NotBe(Replies.OneToken(newer.AccessToken));
        login.Books.Grants.Should().Be(1);
        (await File.ReadAllBytesAsync(copy, TestContext.Current.CancellationToken)).Should().Equal(before);
    }

    // The number of each login seen, in the order of reading.
    private static int[] ReadUntil(Task writing, string path)
    {
        List<int> seen = [];
        while (!writing.IsCompleted)
        {
            seen.Add(Parse(File.ReadAllBytes(path)));
        }

        return [.. seen];
    }

    private static int Parse(byte[] bytes)
    {
        using JsonDocument document = JsonDocument.Parse(bytes);
        JsonElement login = document.RootElement.GetProperty("claudeAiOauth");
        string access = login.GetProperty("accessToken").GetString()!;
        string refresh = login.GetProperty("refreshToken").GetString()!;
        refresh["refresh-".Length..].Should().Be(access["access-".Length..], "a pair is written in one piece");
        document.RootElement.GetProperty("last").GetBoolean().Should().BeTrue();
        return int.Parse(access["access-".Length..], System.Globalization.CultureInfo.InvariantCulture);
    }
}
