using System.Text;
using FluentAssertions;
using TokenRefresh.Keychain.MacOS;

namespace TokenRefresh.Keychain.Tests.MacOS;

/// <summary>The macOS keychain by a fake of <c>/usr/bin/security</c>, which no Mac has seen.</summary>
public sealed class SecurityProgramTests : IDisposable
{
    private const string Service = "Claude Code-credentials";
    private const string Account = "it's \"me\" \\ you";

    private static readonly DateTimeOffset Expiry = DateTimeOffset.UnixEpoch.AddYears(60);

    private readonly FakeSecurity _security = new();
    private readonly SecurityProgram _program;

    public SecurityProgramTests() => _program = new SecurityProgram(_security.Path);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static KeychainItem Item { get; } = new(Service, Account);

    public void Dispose() => _security.Dispose();

    [Theory]
    [InlineData("""{"claudeAiOauth":{"accessToken":"a'b\"c","expiresAt":1}}""")]
    [InlineData("""{"name":"Ünsinn"}""")]
    [InlineData("{\n  \"lines\": 2\n}\n")]
    public async Task Any_document_comes_back_as_it_was_written(string document)
    {
        byte[] content = Encoding.UTF8.GetBytes(document);
        await _program.WriteAsync(Item, "{}"u8.ToArray(), Cancellation);

        await _program.WriteAsync(Item, content, Cancellation);

        (await _program.ReadAsync(Item, Cancellation)).Should().Equal(content);
    }

    [Fact]
    public async Task A_deleted_item_is_missing()
    {
        await _program.WriteAsync(Item, "{}"u8.ToArray(), Cancellation);

        await _program.DeleteAsync(Item, Cancellation);
        await _program.DeleteAsync(Item, Cancellation);

        (await _program.ReadAsync(Item, Cancellation)).Should().BeNull();
    }

    [Theory]
    [InlineData(36, KeychainFailure.Locked)]
    [InlineData(51, KeychainFailure.Denied)]
    [InlineData(128, KeychainFailure.Denied)]
    [InlineData(50, KeychainFailure.Unavailable)]
    [InlineData(1, KeychainFailure.Failed)]
    public async Task Each_exit_code_says_what_failed(int code, KeychainFailure expected)
    {
        _security.ExitWith(code);

        Func<Task> read = () => _program.ReadAsync(Item, Cancellation);

        (await read.Should().ThrowAsync<KeychainException>()).Which.Failure.Should().Be(expected);
    }

    [Fact]
    public async Task A_missing_program_is_told_apart()
    {
        using var program = new SecurityProgram(_security.Path + "-missing");

        Func<Task> read = () => program.ReadAsync(Item, Cancellation);

        (await read.Should().ThrowAsync<KeychainException>()).Which.Failure.Should().Be(KeychainFailure.Unavailable);
    }

    [Fact]
    public async Task A_program_that_hangs_is_killed_and_reaped()
    {
        _security.Hang();
        using var limit = new CancellationTokenSource();
        Task<byte[]?> read = _program.ReadAsync(Item, limit.Token);
        await Task.Run(() => SpinWait.SpinUntil(() => _security.IsWaiting, TimeSpan.FromSeconds(30)), Cancellation);

        await limit.CancelAsync();

        await ((Func<Task>)(() => read)).Should().ThrowAsync<OperationCanceledException>();
        Directory.Exists($"/proc/{_security.ProcessId}").Should().BeFalse();
    }

    [Fact]
    public async Task A_login_is_saved_beside_foreign_sections_and_never_shown_as_an_argument()
    {
        const string foreign = """ "mcpOAuth":{"server|1":{"accessToken":"other"}} """;
        await File.WriteAllTextAsync(_security.ItemPath(Service, "me"), "{" + foreign.Trim() + "}", Cancellation);
        using KeychainCredentialsStore store = Open();
        await using ICredentialsLease lease = (await store.AcquireLeaseAsync(TimeSpan.Zero, Cancellation))!;
        await lease.PrepareAsync(Cancellation);

        CredentialsCommit commit = await lease.CommitAsync(
            null, new OAuthCredentials("new-access", "new-refresh", Expiry), Cancellation);

        commit.IsCommitted.Should().BeTrue();
        (await File.ReadAllTextAsync(_security.ItemPath(Service, "me"), Cancellation))
            .Should().Contain(foreign.Trim()).And.Contain("\"claudeAiOauth\"").And.Contain("new-refresh");
        _security.Arguments.Should().NotContain("new-");
    }

    [Fact]
    [FailureMode("F51")]
    public async Task A_document_that_does_not_fit_is_refused_before_anything_is_sent()
    {
        await File.WriteAllTextAsync(
            _security.ItemPath(Service, "me"), $$"""{"mcpOAuth":"{{new string('x', 4100)}}"}""", Cancellation);
        using KeychainCredentialsStore store = Open();
        await using ICredentialsLease lease = (await store.AcquireLeaseAsync(TimeSpan.Zero, Cancellation))!;

        Func<Task> prepare = async () => await lease.PrepareAsync(Cancellation);

        (await prepare.Should().ThrowAsync<CredentialsFileException>()).Which.InnerException
            .Should().BeOfType<KeychainException>().Which.Failure.Should().Be(KeychainFailure.TooLarge);
    }

    private KeychainCredentialsStore Open()
    {
        var options = KeychainOptions.ClaudeCode();
        options.Account = "me";
        options.StateDirectory = _security.StateDirectory;
        options.ReadTimeout = options.WriteTimeout = TimeSpan.FromMinutes(1);
        return new(options, null, null, null, _ => new SecurityProgram(_security.Path));
    }
}
