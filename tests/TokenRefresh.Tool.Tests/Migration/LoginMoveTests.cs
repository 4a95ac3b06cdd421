using FluentAssertions;
using TokenRefresh.Record;
using TokenRefresh.Stores.Json;
using TokenRefresh.Tool.Migration;
using TokenRefresh.Tool.Storage;

namespace TokenRefresh.Tool.Tests.Migration;

/// <summary>A move between two stores, interrupted at any of its writes.</summary>
public sealed class LoginMoveTests : IAsyncLifetime
{
    // Record, login, record, login, record, record: each may be the last one, or not happen any more.
    private const int Writes = 6;

    private SharedLogin _login = null!;

    public static TheoryData<int, bool> EveryWrite =>
        new(Enumerable.Range(1, Writes).SelectMany(write => new[] { (write, true), (write, false) }));

    private string New => Path.Combine(_login.Directory.Path, "new.json");

    public async ValueTask InitializeAsync() => _login = await SharedLogin.StartExpiredAsync();

    public ValueTask DisposeAsync() => _login.DisposeAsync();

    [Fact]
    public async Task The_new_store_has_the_login_with_all_its_members_and_the_old_one_has_the_rest()
    {
        OAuthCredentials before = _login.Login.Credentials;

        bool isMoved = await MoveAsync();

        isMoved.Should().BeTrue();
        string written = await File.ReadAllTextAsync(New);
        written.Should().Contain(before.RefreshToken).And.Contain("subscriptionType").And.NotContain("mcpOAuth");
        string left = await File.ReadAllTextAsync(_login.Path);
        left.Should().Contain("\"server|1\"").And.NotContain(before.RefreshToken).And.NotContain("subscriptionType");
        (await GetTokenAsync(New)).Should().BeTrue();
        await AssertIsEmptyAsync(_login.Path);
        _login.Books.TokenRequests.Should().Be(1);
    }

    [Theory]
    [MemberData(nameof(EveryWrite))]
    public async Task Killed_at_any_write_no_two_copies_are_used_and_the_same_move_ends_it(int write, bool isBefore)
    {
        var done = 0;
        bool IsKilled(bool before) => before ? ++done == write && isBefore : done == write && !isBefore;

        Func<Task> killed = () => MoveAsync(IsKilled);

        await killed.Should().ThrowAsync<OperationCanceledException>();
        (await IsUsableAsync(_login.Path) && await IsUsableAsync(New)).Should().BeFalse();
        await MoveAsync();
        (await GetTokenAsync(New)).Should().BeTrue();
        await AssertIsEmptyAsync(_login.Path);
        _login.Books.Should().BeEquivalentTo(new { TokenRequests = 1, Reuses = 0 });
    }

    [Theory]
    [MemberData(nameof(EveryWrite))]
    public async Task What_is_refreshed_after_the_kill_is_what_the_next_move_moves(int write, bool isBefore)
    {
        var done = 0;
        bool IsKilled(bool before) => before ? ++done == write && isBefore : done == write && !isBefore;
        await MoveAsync(IsKilled).ContinueWith(_ => { }, TaskScheduler.Default);

        bool oldWorks = await GetTokenAsync(_login.Path);
        bool newWorks = await GetTokenAsync(New);
        await MoveAsync();

        (oldWorks && newWorks).Should().BeFalse();
        (await GetTokenAsync(New)).Should().BeTrue();
        await AssertIsEmptyAsync(_login.Path);
        _login.Books.Should().BeEquivalentTo(new { TokenRequests = 1, Reuses = 0 });
    }

    [Fact]
    public async Task A_process_that_used_the_old_store_is_told_to_sign_in()
    {
        CoordinatedTokenProvider before = _login.CreateProvider();
        await before.GetAccessTokenAsync();

        await MoveAsync();

        Func<Task> refresh = async () => await before.RefreshAccessTokenAsync(await before.GetAccessTokenAsync());
        (await refresh.Should().ThrowAsync<SignInRequiredException>()).Which.Reason.Should().Be(SignInRequiredReason.NothingStored);
    }

    [Fact]
    public async Task An_interrupted_move_is_named_by_the_error_of_both_stores()
    {
        var done = 0;
        await MoveAsync(before => before && ++done == 4).ContinueWith(_ => { }, TaskScheduler.Default);

        TokenRefreshStatus[] both = [await StatusAsync(_login.Path), await StatusAsync(New)];

        both.Should().AllSatisfy(status =>
        {
            status.State.Should().Be(TokenRefreshState.SignInRequired);
            status.Problem.Should().Contain("token-refresh migrate");
        });
    }

    [Fact]
    public async Task A_login_can_be_moved_there_and_back()
    {
        await MoveAsync();
        await MoveAsync(isBack: true);

        (await GetTokenAsync(_login.Path)).Should().BeTrue();
        await AssertIsEmptyAsync(New);
        await MoveAsync();
        (await IsUsableAsync(New)).Should().BeTrue();
        _login.Books.Reuses.Should().Be(0);
    }

    [Fact]
    public async Task An_old_copy_that_comes_back_after_the_move_is_neither_used_nor_moved()
    {
        byte[] backup = await File.ReadAllBytesAsync(_login.Path);
        await MoveAsync();
        await File.WriteAllBytesAsync(_login.Path, backup);

        (await GetTokenAsync(_login.Path)).Should().BeFalse();
        Func<Task> again = () => MoveAsync();

        await again.Should().ThrowAsync<SignInRequiredException>();
        (await GetTokenAsync(New)).Should().BeTrue();
        _login.Books.Should().BeEquivalentTo(new { TokenRequests = 1, Reuses = 0 });
    }

    [Fact]
    public async Task A_second_move_finds_nothing_to_do_and_one_of_nothing_is_told()
    {
        await MoveAsync();

        bool again = await MoveAsync();

        again.Should().BeFalse();
        File.Delete(New);
        Func<Task> nothing = () => MoveAsync();
        await nothing.Should().ThrowAsync<SignInRequiredException>();
    }

    [Fact]
    public async Task Another_login_in_the_new_store_stays_and_so_does_this_one()
    {
        string before = await File.ReadAllTextAsync(_login.Path);
        OAuthCredentials other = _login.Server.IssueLogin().Credentials;
        _login.Store(other, New);

        Func<Task> move = () => MoveAsync();

        await move.Should().ThrowAsync<ToolException>().WithMessage("*holds another login*logout --store keychain*");
        (await File.ReadAllTextAsync(_login.Path)).Should().Be(before);
        (await File.ReadAllTextAsync(New)).Should().Contain(other.RefreshToken);
    }

    [Fact]
    public async Task While_the_outcome_of_a_refresh_is_unknown_nothing_is_moved()
    {
        _login.Server.DefaultTokenBehavior = TokenEndpointBehavior.DropAfterProcessing;
        Func<Task> lost = async () => await _login.CreateProvider().GetAccessTokenAsync();
        await lost.Should().ThrowAsync<TokenRefreshException>();

        Func<Task> move = () => MoveAsync();

        (await move.Should().ThrowAsync<ToolException>().WithMessage("*was lost*")).Which.ExitCode.Should().Be(ExitCode.TryLater);
        File.Exists(New).Should().BeFalse();
    }

    [Fact]
    public async Task While_another_process_has_unsaved_tokens_nothing_is_moved()
    {
        await NoteAsync((record, login) => record.WithHold(
            new(HoldKind.Unsaved, RecordKey.Of(login, "any"), Now, Now + TimeSpan.FromMinutes(2), 1) { Cause = "4711 (worker)" }));

        Func<Task> move = () => MoveAsync();

        await move.Should().ThrowAsync<ToolException>().WithMessage("*4711 (worker)*could not save*");
        File.Exists(New).Should().BeFalse();
    }

    [Fact]
    public async Task While_a_refresh_is_under_way_the_move_waits_and_says_who_it_waited_for()
    {
        using ParkedRequest parked = _login.Server.ParkNextTokenRequest();
        Task<AccessToken> refresh = _login.CreateProvider().GetAccessTokenAsync().AsTask();
        await parked.Arrived;

        Func<Task> move = () => MoveAsync(lockTimeout: TimeSpan.FromMilliseconds(50));

        await move.Should().ThrowAsync<LockTimeoutException>().WithMessage($"*{Environment.ProcessId}*");
        parked.Release();
        await refresh;
        File.Exists(New).Should().BeFalse();
    }

    [Fact]
    public async Task What_the_old_store_knows_goes_along()
    {
        await NoteAsync((record, login) => record
            .WithHold(new(HoldKind.Rejected, RecordKey.Of(login, RecordKey.AnyClient), Now, until: null, 1))
            .WithObtained(new(Fingerprint.Of(login.AccessToken), Now)));

        await MoveAsync();

        LoginRecord known = await RecordAsync(New);
        known.Holds.Should().ContainSingle().Which.Kind.Should().Be(HoldKind.Rejected);
        known.Obtained.Should().ContainSingle();
        known.Restored.Should().Be(Fingerprint.Of(_login.Login.Credentials.RefreshToken!));
    }

    [Fact]
    public async Task A_login_that_is_bound_to_a_key_is_still_bound()
    {
        await using SharedLogin bound = await SharedLogin.StartBoundAsync(lifetime: TimeSpan.FromMinutes(-1));
        string moved = Path.Combine(bound.Directory.Path, "new.json");
        await using (KilledSide one = KilledSide.OfFile(bound.Path, StoreKind.File))
        await using (KilledSide other = KilledSide.OfFile(moved, StoreKind.Keychain))
        {
            var options = new TokenRefreshOptions { CredentialsPath = bound.Path };
            await new LoginMove(one, other, options, TimeProvider.System).RunAsync(TestContext.Current.CancellationToken);
        }

        (await bound.CreateProvider(o => o.CredentialsPath = moved).GetAccessTokenAsync()).DPoPKey!.Thumbprint
            .Should().Be(bound.Key!.Thumbprint);
        (await File.ReadAllTextAsync(bound.Path)).Should().NotContain("dpopKey");
    }

    [Fact]
    public async Task A_format_that_does_not_keep_all_members_is_refused_before_anything_is_written()
    {
        Func<Task> move = () => MoveAsync(format: CredentialsFileFormat.FlatOAuth);

        await move.Should().ThrowAsync<ToolException>().WithMessage("*'subscriptionType'*'fileFormat'*");
        File.Exists(New).Should().BeFalse();
        (await IsUsableAsync(_login.Path)).Should().BeTrue();
    }

    [Fact]
    public async Task What_other_programs_keep_in_the_new_store_stays()
    {
        await File.WriteAllTextAsync(New, """{ "theme": "dark" }""");

        await MoveAsync();

        (await File.ReadAllTextAsync(New)).Should().Contain("\"theme\": \"dark\"").And.Contain("claudeAiOauth");
    }

    [Fact]
    public async Task What_a_logout_left_in_the_new_store_gives_way_and_all_members_come_along()
    {
        await File.WriteAllTextAsync(New, """{ "claudeAiOauth": { "accessToken": "", "refreshToken": "", "expiresAt": 0 } }""");

        await MoveAsync();

        (await File.ReadAllTextAsync(New)).Should().Contain("subscriptionType").And.Contain(_login.Login.Credentials.RefreshToken!);
        (await GetTokenAsync(New)).Should().BeTrue();
    }

    [Fact]
    public async Task Two_formats_that_say_the_same_are_one()
    {
        static CredentialsFileFormat Format() => new()
        {
            Section = ["claudeAiOauth"],
            AccessTokenMember = "accessToken",
            RefreshTokenMember = "refreshToken",
            ExpiresAtMember = "expiresAt",
            TimeUnit = CredentialsTimeUnit.Milliseconds,
        };

        await MoveAsync(format: Format(), sourceFormat: Format());

        (await File.ReadAllTextAsync(New)).Should().Contain("subscriptionType");
    }

    [Fact]
    public async Task A_process_of_a_former_login_does_not_write_over_one_whose_move_was_killed()
    {
        OAuthCredentials moved = _login.Login.Credentials;
        string old = await File.ReadAllTextAsync(_login.Path);
        File.Move(_login.Path, New);
        await using CoordinatedTokenProvider former = NewProvider(New);
        AccessToken token = await former.GetAccessTokenAsync();
        await using (CoordinatedTokenProvider other = NewProvider(New))
        {
            await other.RemoveAsync();
        }

        IssuedLogin next = _login.Server.IssueLogin(TimeSpan.FromMinutes(-1));
        string document = old.Replace(moved.RefreshToken!, next.Credentials.RefreshToken, StringComparison.Ordinal)
            .Replace(moved.AccessToken, next.Credentials.AccessToken, StringComparison.Ordinal);
        await File.WriteAllTextAsync(_login.Path, document);
        var done = 0;
        await this.Awaiting(test => test.MoveAsync(before => before ? ++done == Writes - 1 : false))
            .Should().ThrowAsync<OperationCanceledException>();

        await former.Awaiting(f => f.RefreshAccessTokenAsync(token).AsTask()).Should().ThrowAsync<SignInRequiredException>();

        (await File.ReadAllTextAsync(New)).Should().Contain(next.Credentials.RefreshToken);
        (await MoveAsync()).Should().BeTrue();
        (await GetTokenAsync(New)).Should().BeTrue();
    }

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    private async Task<bool> MoveAsync(
        Func<bool, bool>? isKilled = null,
        bool isBack = false,
        TimeSpan? lockTimeout = null,
        CredentialsFileFormat? format = null,
        CredentialsFileFormat? sourceFormat = null)
    {
        await using KilledSide one = KilledSide.OfFile(_login.Path, StoreKind.File, sourceFormat, isKilled);
        await using KilledSide other = KilledSide.OfFile(New, StoreKind.Keychain, format, isKilled);
        var options = new TokenRefreshOptions { CredentialsPath = _login.Path, LockTimeout = lockTimeout ?? TimeSpan.FromSeconds(30) };
        return await new LoginMove(isBack ? other : one, isBack ? one : other, options, TimeProvider.System)
            .RunAsync(TestContext.Current.CancellationToken);
    }

    private async Task NoteAsync(Func<LoginRecord, OAuthCredentials, LoginRecord> change)
    {
        await using KilledSide file = KilledSide.OfFile(_login.Path, StoreKind.File);
        await using ICredentialsLease lease = (await file.Store.AcquireLeaseAsync(TimeSpan.FromSeconds(30)))!;
        OAuthCredentials login = (await lease.ReadAsync())!;
        var journal = new RecordJournal(file.Store, TimeProvider.System);
        LoginRecord record = await journal.ReadAsync(login, CancellationToken.None);
        await journal.WriteAsync(lease, change(record, login), durable: true, CancellationToken.None);
    }

    private static async Task<LoginRecord> RecordAsync(string path)
    {
        await using KilledSide file = KilledSide.OfFile(path, StoreKind.File);
        return RecordJson.Read(
            (await file.Store.ReadRecordAsync()).Span, CredentialsJsonReader.NameOf(CredentialsFileFormat.ClaudeCode.Path));
    }

    private async Task<TokenRefreshStatus> StatusAsync(string path)
    {
        await using CoordinatedTokenProvider tokens = NewProvider(path);
        return await tokens.GetStatusAsync();
    }

    private async Task<bool> IsUsableAsync(string path) =>
        (await StatusAsync(path)).State is TokenRefreshState.SignedIn or TokenRefreshState.ExpiredButRefreshable;

    private async Task<bool> GetTokenAsync(string path)
    {
        await using CoordinatedTokenProvider tokens = NewProvider(path);
        try
        {
            return _login.Server.IsAccepted((await tokens.GetAccessTokenAsync()).Value);
        }
        catch (SignInRequiredException)
        {
            return false;
        }
    }

    private async Task AssertIsEmptyAsync(string path) => (await StatusAsync(path)).State.Should().Be(TokenRefreshState.SignedOut);

    private CoordinatedTokenProvider NewProvider(string path) => CoordinatedTokenProvider.Create(options =>
    {
        (options.CredentialsPath, options.ClientId, options.TokenEndpoint) = (path, "tests", _login.Server.TokenUri);
    });
}
