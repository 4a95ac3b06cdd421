using System.Text;
using FluentAssertions;
using TokenRefresh.Stores;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;
using TokenRefresh.Tests.Refresh;

namespace TokenRefresh.Tests.Credentials;

/// <summary>A file that holds no JSON, after a crash or from a program that writes UTF-16. Only a sign-in and a sign-out move it.</summary>
public sealed class DamagedFileTests
{
    private const string Json = """{"claudeAiOauth":{"accessToken":"SECRET-a","refreshToken":"SECRET-r","expiresAt":1}}""";

    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly ManualTimeProvider _time = new(new DateTimeOffset(2026, 11, 27, 10, 15, 0, TimeSpan.Zero));
    private readonly FileOperationsSpy _files = new();
    private readonly EventLog _events = new();

    public static TheoryData<string> Kinds =>
    [
        "NUL bytes", "NUL bytes behind a login", "a login that is cut off", "UTF-16", "UTF-16 without a mark", "UTF-16 big-endian",
        "UTF-16 big-endian without a mark", "UTF-32", "text", "a login with text behind it", "a login with a conflict in it", "bytes",
    ];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Kinds))]
    [FailureMode("F129")]
    public async Task A_sign_in_moves_a_file_that_holds_no_json_aside_and_stores_the_login(string kind)
    {
        byte[] damaged = BytesOf(kind);
        await using SharedLogin login = await StartAsync(damaged);
        OAuthCredentials next = login.Server.IssueLogin().Credentials;
        using var log = new LogCollector();
        CoordinatedTokenProvider provider = CreateProvider(login, log);

        await RunAsync(provider.StoreAsync(next, Cancellation));

        string aside = login.Path + ".damaged-20261127T101501Z";
        (await File.ReadAllBytesAsync(aside, Cancellation)).Should().Equal(damaged);
        (await _events.NextAsync<DamagedFileMovedEvent>()).Should().Be(new DamagedFileMovedEvent(login.Path, aside));
        log.CountOf(TokenRefreshEventIds.DamagedFileMoved).Should().Be(1);
        log.Text.Should().Contain(aside).And.Contain("may hold tokens").And.NotContain("SECRET");
        (await login.CreateProvider().GetAccessTokenAsync(Cancellation)).Value.Should().Be(next.AccessToken);
        if (!OperatingSystem.IsWindows())
        {
            File.GetUnixFileMode(aside).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    [FailureMode("F129")]
    public async Task A_sign_out_moves_a_file_that_holds_no_json_aside(string kind)
    {
        byte[] damaged = BytesOf(kind);
        await using SharedLogin login = await StartAsync(damaged);
        CoordinatedTokenProvider provider = CreateProvider(login);

        await RunAsync(provider.RemoveAsync(Cancellation));

        File.Exists(login.Path).Should().BeFalse();
        string aside = (await _events.NextAsync<DamagedFileMovedEvent>()).MovedTo;
        (await File.ReadAllBytesAsync(aside, Cancellation)).Should().Equal(damaged);
        (await login.CreateProvider().GetStatusAsync(Cancellation)).State.Should().Be(TokenRefreshState.SignedOut);
        login.TempFiles.Should().BeEmpty();
    }

    [Fact]
    [FailureMode("F129", "F80")]
    public async Task A_sign_out_ends_the_login_that_the_provider_knows_though_its_file_was_damaged_since()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        CoordinatedTokenProvider provider = CreateProvider(login, configure: o => o.RevocationEndpoint = login.Server.RevocationUri);
        await provider.GetAccessTokenAsync(Cancellation);
        await File.WriteAllBytesAsync(login.Path, new byte[300], Cancellation);

        await RunAsync(provider.RemoveAsync(Cancellation));

        login.Server.IsAccepted(login.Login.AccessToken).Should().BeFalse();
        File.Exists(login.Path).Should().BeFalse();
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    [FailureMode("F129")]
    public async Task Reading_says_what_the_bytes_are_and_leaves_them(string kind)
    {
        byte[] damaged = BytesOf(kind);
        await using SharedLogin login = await StartAsync(damaged);
        CoordinatedTokenProvider provider = CreateProvider(login);

        Task<AccessToken> get = provider.GetAccessTokenAsync(Cancellation).AsTask();
        await _time.AdvanceThroughPausesAsync(get, TimeSpan.FromMilliseconds(20));
        Task<TokenRefreshStatus> read = provider.GetStatusAsync(Cancellation).AsTask();
        await _time.AdvanceThroughPausesAsync(read, TimeSpan.FromMilliseconds(20));

        Func<Task> act = () => get;
        string message = (await act.Should().ThrowAsync<CredentialsFileException>()).Which.Message;
        message.Should().Contain(WordsOf(kind)).And.Contain("sign in again, which moves it aside").And.NotContain("SECRET");
        (await read).Problem.Should().Be(message);
        (await File.ReadAllBytesAsync(login.Path, Cancellation)).Should().Equal(damaged);
        _files.Calls.Should().NotContain("move aside");
    }

    [Theory]
    [InlineData("[]", false)]
    [InlineData("\"text\"", false)]
    [InlineData("5", false)]
    [InlineData("""{"claudeAiOauth":5}""", false)]
    [InlineData("""{"claudeAiOauth":{"accessToken":5}}""", false)]
    [InlineData("""{"claudeAiOauth":{"accessToken":""", true)]
    [FailureMode("F129")]
    public async Task What_is_valid_json_or_mounted_is_never_moved_aside(string text, bool isMounted)
    {
        await using SharedLogin login = await StartAsync(Encoding.UTF8.GetBytes(text));
        _files.MountPoint = isMounted;
        CoordinatedTokenProvider provider = CreateProvider(login);

        Func<Task> store = () => RunAsync(provider.StoreAsync(login.Server.IssueLogin().Credentials, Cancellation));
        Func<Task> remove = () => RunAsync(provider.RemoveAsync(Cancellation));

        (await store.Should().ThrowAsync<CredentialsFileException>()).Which.Message.Should().Contain("delete it and sign in again");
        await remove.Should().ThrowAsync<CredentialsFileException>();
        (await File.ReadAllTextAsync(login.Path, Cancellation)).Should().Be(text);
        _files.Calls.Should().NotContain("move aside");
    }

    [Fact]
    [FailureMode("F129")]
    public async Task Utf8_with_a_mark_is_read_and_never_moved_aside()
    {
        await using SharedLogin login = await StartAsync([0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(Json)]);
        CoordinatedTokenProvider provider = CreateProvider(login);

        await RunAsync(provider.RemoveAsync(Cancellation));

        _files.Calls.Should().NotContain("move aside");
        (await File.ReadAllTextAsync(login.Path, Cancellation)).Should().Be("{}");
    }

    [Fact]
    [FailureMode("F129", "F45")]
    public async Task A_file_that_another_program_is_writing_is_not_moved_aside()
    {
        await using SharedLogin login = await StartAsync(Encoding.UTF8.GetBytes(Json[..20]));
        CoordinatedTokenProvider provider = CreateProvider(login);

        Task store = provider.StoreAsync(login.Server.IssueLogin().Credentials, Cancellation);
        await AdvanceToTheSecondAsync(store);
        await File.WriteAllTextAsync(login.Path, Json[..30], Cancellation);
        _time.Advance(Second);
        Func<Task> act = () => RunAsync(store);

        (await act.Should().ThrowAsync<CredentialsFileException>()).Which.Message.Should().Contain("ends before it is complete");
        (await File.ReadAllTextAsync(login.Path, Cancellation)).Should().Be(Json[..30]);
        _files.Calls.Should().NotContain("move aside");
    }

    [Fact]
    [FailureMode("F129", "F45")]
    public async Task A_login_that_another_program_finishes_in_that_second_is_not_moved_and_not_signed_out()
    {
        await using SharedLogin login = await StartAsync(Encoding.UTF8.GetBytes(Json[..20]));
        CoordinatedTokenProvider provider = CreateProvider(login);

        Task remove = provider.RemoveAsync(Cancellation);
        await AdvanceToTheSecondAsync(remove);
        await File.WriteAllTextAsync(login.Path, Json, Cancellation);
        _time.Advance(Second);
        await RunAsync(remove);

        (await File.ReadAllTextAsync(login.Path, Cancellation)).Should().Be(Json);
        _files.Calls.Should().NotContain("move aside");
    }

    [Fact]
    [FailureMode("F129")]
    public async Task A_sign_in_that_is_cancelled_in_that_second_changes_nothing()
    {
        await using SharedLogin login = await StartAsync([0, 0]);
        CoordinatedTokenProvider provider = CreateProvider(login);
        using var cancellation = new CancellationTokenSource();

        Task store = provider.StoreAsync(login.Server.IssueLogin().Credentials, cancellation.Token);
        await AdvanceToTheSecondAsync(store);
        await cancellation.CancelAsync();
        Func<Task> act = () => store;

        await act.Should().ThrowAsync<OperationCanceledException>();
        (await File.ReadAllBytesAsync(login.Path, Cancellation)).Should().Equal(0, 0);
        login.TempFiles.Should().BeEmpty();
    }

    [Theory]
    [InlineData("credentials.json")]
    [InlineData("long")]
    [FailureMode("F129", "F125")]
    public async Task An_earlier_damaged_file_is_never_overwritten_whatever_the_name_and_behind_a_link(string name)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Symbolic links need a privilege there.");
        await using SharedLogin login = await SharedLogin.StartAsync();
        string directory = Directory.CreateDirectory(Path.Combine(login.Directory.Path, "vault")).FullName;
        string target = Path.Combine(directory, name == "long" ? new string('é', 115) + ".json" : name);
        File.Delete(login.Path);
        File.CreateSymbolicLink(login.Path, target);
        CoordinatedTokenProvider provider = CreateProvider(login);
        List<string> asides = [];

        for (var i = 1; i <= 3; i++)
        {
            await File.WriteAllBytesAsync(target, new byte[i], Cancellation);
            await RunAsync(provider.StoreAsync(login.Server.IssueLogin().Credentials, Cancellation));
            asides.Add((await _events.NextAsync<DamagedFileMovedEvent>()).MovedTo);
            _time.JumpWallClock(_time.Start - _time.GetUtcNow());
        }

        new FileInfo(login.Path).LinkTarget.Should().Be(target);
        asides.Should().OnlyHaveUniqueItems().And.OnlyContain(path => Path.GetDirectoryName(path) == directory);
        asides.Should().OnlyContain(path => Encoding.UTF8.GetByteCount(Path.GetFileName(path)) <= 255);
        asides.Select(path => new FileInfo(path).Length).Should().Equal(1, 2, 3);
    }

    [Fact]
    [FailureMode("F129")]
    public async Task A_damaged_file_that_cannot_be_renamed_stays_and_the_error_says_what_helps()
    {
        await using SharedLogin login = await StartAsync([0, 0]);
        CoordinatedTokenProvider provider = CreateProvider(login);
        _files.Before = operation => _ = operation == "move aside" ? throw new UnauthorizedAccessException("Permission denied") : 0;

        Func<Task> act = () => RunAsync(provider.StoreAsync(login.Server.IssueLogin().Credentials, Cancellation));

        (await act.Should().ThrowAsync<CredentialsFileException>())
            .Which.Message.Should().Contain($"'{login.Path}' cannot be moved aside: Permission denied")
            .And.Contain("Make its directory writable");
        (await File.ReadAllBytesAsync(login.Path, Cancellation)).Should().Equal(0, 0);
    }

    private static byte[] BytesOf(string kind) => kind switch
    {
        "NUL bytes" => new byte[4096],
        "NUL bytes behind a login" => [.. Encoding.UTF8.GetBytes(Json), 0, 0, 0],
        "a login that is cut off" => Encoding.UTF8.GetBytes(Json[..50]),
        "UTF-16" => [.. Encoding.Unicode.GetPreamble(), .. Encoding.Unicode.GetBytes(Json)],
        "UTF-16 without a mark" => Encoding.Unicode.GetBytes(Json),
        "UTF-16 big-endian" => [.. Encoding.BigEndianUnicode.GetPreamble(), .. Encoding.BigEndianUnicode.GetBytes(Json)],
        "UTF-16 big-endian without a mark" => Encoding.BigEndianUnicode.GetBytes(Json),
        "UTF-32" => [.. Encoding.UTF32.GetPreamble(), .. Encoding.UTF32.GetBytes(Json)],
        "text" => "SECRET"u8.ToArray(),
        "a login with text behind it" => Encoding.UTF8.GetBytes(Json + "SECRET"),
        "a login with a conflict in it" => Encoding.UTF8.GetBytes($"<<<<<<< mine\n{Json}\n=======\n{Json}\n>>>>>>> theirs\n"),
        "bytes" => [0x1F, 0x8B, 0x08, 0xFF, 0xD8],
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    private static string WordsOf(string kind) => kind switch
    {
        "NUL bytes" => "It holds 4096 NUL bytes and nothing else",
        "NUL bytes behind a login" => "There are NUL bytes in it",
        "a login that is cut off" => "The JSON ends before it is complete",
        "bytes" => "bytes in it that are no UTF-8 text",
        "text" or "a login with text behind it" or "a login with a conflict in it" => "The JSON is not valid, at line 1",
        "UTF-32" => "It holds UTF-32 text",
        _ => "It holds UTF-16 text",
    };

    private static async Task<SharedLogin> StartAsync(byte[] bytes)
    {
        SharedLogin login = await SharedLogin.StartAsync();
        await File.WriteAllBytesAsync(login.Path, bytes, Cancellation);
        return login;
    }

    private CoordinatedTokenProvider CreateProvider(
        SharedLogin login, LogCollector? log = null, Action<TokenRefreshOptions>? configure = null)
    {
        FileCredentialsStore store = login.CreateStore(_files, _time);
        return login.CreateProvider(
            o =>
            {
                _events.AttachTo(o);
                configure?.Invoke(o);
            },
            new() { CredentialsStore = store, TimeProvider = _time, LoggerFactory = log });
    }

    // What cannot be understood is read five times, with pauses; the same bytes a second later are damaged for good.
    private async Task RunAsync(Task change)
    {
        await _time.AdvanceThroughShortPausesAsync(change, Second);
    }

    private async Task AdvanceToTheSecondAsync(Task change)
    {
        await _time.AdvanceThroughPausesAsync(Task.WhenAny(change, _time.WaitForTimerDueInAsync(Second)), TimeSpan.FromMilliseconds(20));
        change.IsCompleted.Should().BeFalse();
    }
}
