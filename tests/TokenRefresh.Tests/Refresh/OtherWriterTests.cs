using FluentAssertions;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;

namespace TokenRefresh.Tests.Refresh;

/// <summary>What other programs may do to the file while the server holds the answer, beyond signing in and out.</summary>
public sealed class OtherWriterTests
{
    private readonly ManualTimeProvider _clock = new();
    private readonly EventLog _events = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    [FailureMode("F44", "F43")]
    public async Task Siblings_that_were_rewritten_keep_every_byte()
    {
        await using SharedLogin login = await StartExpiredAsync();
        string before = await File.ReadAllTextAsync(login.Path, Cancellation);
        string rewritten = before.Replace("\"max\"", "\"pro\", \"a key of tomorrow\" : [1e2, { }]", StringComparison.Ordinal)
            .Replace("server|1", "server|2", StringComparison.Ordinal);

        AccessToken token = await DuringAsync(login, Provider(login), () => File.WriteAllText(login.Path, rewritten));

        string after = await File.ReadAllTextAsync(login.Path, Cancellation);
        OAuthCredentials stored = (await login.CreateStore().ReadAsync(Cancellation))!;
        stored.AccessToken.Should().Be(token.Value);
        after.Should().Be(rewritten
            .Replace(login.Login.AccessToken, token.Value, StringComparison.Ordinal)
            .Replace(login.Login.RefreshToken, stored.RefreshToken, StringComparison.Ordinal)
            .Replace(
                "1577836800000",
                stored.ExpiresAt!.Value.ToUnixTimeMilliseconds().ToString(System.Globalization.CultureInfo.InvariantCulture),
                StringComparison.Ordinal)
            .Replace("[\"user:inference\"]", "[\"user:inference\",\"user:profile\"]", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [FailureMode("F87", "F44")]
    public async Task An_older_file_that_was_put_back_is_saved_over_and_keeps_its_siblings(int generations)
    {
        await using SharedLogin login = await StartExpiredAsync();
        string older = (await File.ReadAllTextAsync(login.Path, Cancellation)).Replace("server|1", "server|0", StringComparison.Ordinal);
        CoordinatedTokenProvider provider = Provider(login);
        for (int i = 0; i < generations; i++)
        {
            await provider.GetAccessTokenAsync(Cancellation);
            _clock.Advance(TimeSpan.FromHours(1));
        }

        AccessToken token = await DuringAsync(login, provider, () => File.WriteAllText(login.Path, older));

        (await File.ReadAllTextAsync(login.Path, Cancellation)).Should().Contain(token.Value).And.Contain("server|0");
        (await Provider(login).GetAccessTokenAsync(Cancellation)).Value.Should().Be(token.Value);
        login.Server.Books.Should().BeEquivalentTo(new { Grants = generations + 1, Reuses = 0 });
    }

    [Fact]
    [FailureMode("F50", "F45")]
    public async Task A_directory_in_the_file_s_place_is_left_alone_and_the_tokens_saved_when_the_file_is_back()
    {
        await using SharedLogin login = await StartExpiredAsync();
        CoordinatedTokenProvider provider = Provider(login);
        byte[] before = await File.ReadAllBytesAsync(login.Path, Cancellation);

        AccessToken token = await DuringAsync(login, provider, () =>
        {
            File.Delete(login.Path);
            Directory.CreateDirectory(login.Path);
        });

        login.Server.IsAccepted(token.Value).Should().BeTrue();
        (await _events.NextAsync<SaveFailedEvent>()).Exception.Message.Should().Contain($"'{login.Path}' is a directory");
        Directory.EnumerateFileSystemEntries(login.Path).Should().BeEmpty();

        Directory.Delete(login.Path);
        await File.WriteAllBytesAsync(login.Path, before, Cancellation);
        await provider.DisposeAsync();
        (await File.ReadAllTextAsync(login.Path, Cancellation)).Should().Contain(token.Value);
        login.Server.Books.Should().BeEquivalentTo(new { TokenRequests = 1, Reuses = 0 });
    }

    [Theory]
    [InlineData("\0\0\0\0")]
    [InlineData("[]")]
    [InlineData("""{"claudeAiOauth":{"accessToken":42}}""")]
    [InlineData("""{"claudeAiOauth":{"accessToken":"half a""")]
    [FailureMode("F45")]
    public async Task A_file_that_no_one_can_read_is_left_alone_and_a_login_that_then_takes_its_place_wins(string unreadable)
    {
        await using SharedLogin login = await StartExpiredAsync();
        CoordinatedTokenProvider provider = Provider(login);

        AccessToken token = await DuringAsync(login, provider, () => File.WriteAllText(login.Path, unreadable));

        login.Server.IsAccepted(token.Value).Should().BeTrue();
        (await provider.GetAccessTokenAsync(Cancellation)).Should().BeSameAs(token);
        (await _events.NextAsync<SaveFailedEvent>()).Location.Should().Be(login.Path);
        (await File.ReadAllTextAsync(login.Path, Cancellation)).Should().Be(unreadable);

        login.Store(login.Server.IssueLogin());
        byte[] theirs = await File.ReadAllBytesAsync(login.Path, Cancellation);
        await provider.DisposeAsync();
        (await File.ReadAllBytesAsync(login.Path, Cancellation)).Should().Equal(theirs);
        (await _events.NextAsync<TokensRefreshedEvent>()).IsSaved.Should().BeFalse();
        (await _events.NextAsync<TokensDiscardedEvent>()).Reason.Should().Be(TokensDiscardedReason.Replaced);
        login.Server.Books.TokenRequests.Should().Be(1);
    }

    [Theory]
    [InlineData(503, typeof(TokenEndpointUnavailableException))]
    [InlineData(500, typeof(RefreshOutcomeUnknownException))]
    [InlineData(404, typeof(SignInRequiredException))]
    [FailureMode("F45")]
    public async Task Of_a_refresh_that_failed_its_failure_is_told_and_not_that_someone_broke_the_file_meanwhile(int status, Type failure)
    {
        await using SharedLogin login = await StartExpiredAsync();
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.AnswerWith(status, """{"error":"not_found_error"}""");
        using ParkedExchange<AccessToken> parked = await login.ParkAsync(Provider(login), behavior: login.Server.DefaultTokenBehavior);

        await File.WriteAllTextAsync(login.Path, "[]", Cancellation);
        parked.Release();
        await _clock.AdvanceThroughPausesAsync(parked.Caller, TimeSpan.FromMilliseconds(20));

        (await FluentActions.Awaiting(() => parked.Caller).Should().ThrowAsync<TokenRefreshException>()).Which.Should().BeOfType(failure);
        login.Server.Books.TokenRequests.Should().Be(1);
        (await File.ReadAllTextAsync(login.Path, Cancellation)).Should().Be("[]");
    }

    [Fact]
    [FailureMode("F80")]
    public async Task A_file_that_was_emptied_is_a_sign_out_like_a_deleted_one()
    {
        await using SharedLogin login = await StartExpiredAsync();

        Func<Task> get = () => DuringAsync(login, Provider(login), () => File.WriteAllText(login.Path, ""));

        (await get.Should().ThrowAsync<SignInRequiredException>()).Which.Reason.Should().Be(SignInRequiredReason.NothingStored);
        (await File.ReadAllBytesAsync(login.Path, Cancellation)).Should().BeEmpty();
        (await _events.NextAsync<TokensDiscardedEvent>()).Reason.Should().Be(TokensDiscardedReason.SignedOut);
    }

    [Theory]
    [InlineData(UnixFileMode.UserRead)]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead)]
    [FailureMode("F49", "F44")]
    public async Task A_file_that_was_made_read_only_is_replaced_and_stays_read_only(UnixFileMode mode)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no mode bits; its read-only attribute belongs to the owner of the file.");
        await using SharedLogin login = await StartExpiredAsync();

        AccessToken token = await DuringAsync(login, Provider(login), () => SetMode(login.Path, mode));

        (await File.ReadAllTextAsync(login.Path, Cancellation)).Should().Contain(token.Value);
        GetMode(login.Path).Should().Be(UnixFileMode.UserRead);
        login.Server.Books.TokenRequests.Should().Be(1);
    }

    private async Task<SharedLogin> StartExpiredAsync() => await SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _clock });

    private CoordinatedTokenProvider Provider(SharedLogin login) => login.CreateProvider(_events.AttachTo, new() { TimeProvider = _clock });

    /// <summary>Refreshes, and interferes while the server holds the answer.</summary>
    private async Task<AccessToken> DuringAsync(SharedLogin login, CoordinatedTokenProvider provider, Action interfere)
    {
        using ParkedExchange<AccessToken> parked = await login.ParkAsync(provider, ParkPoint.AfterProcessing);
        interfere();
        parked.Release();

        // A save that cannot read the file looks again every 20 ms for a second.
        await _clock.AdvanceThroughPausesAsync(parked.Caller, TimeSpan.FromMilliseconds(20));
        return await parked.Caller;
    }

    private static void SetMode(string path, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, mode);
        }
    }

    private static UnixFileMode GetMode(string path) => OperatingSystem.IsWindows() ? default : File.GetUnixFileMode(path);
}
