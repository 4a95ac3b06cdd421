using System.Text;
using FluentAssertions;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;

namespace TokenRefresh.Tests.Refresh;

/// <summary>The server answers a refresh with tokens of another account than the one signed in.</summary>
[FailureMode("F89")]
public sealed class AccountMismatchTests
{
    private const string Ours = "11111111-aaaa";
    private const string Theirs = "22222222-bbbb";

    [Theory]
    [InlineData("account_id", "\"22222222-bbbb\"")]
    [InlineData("account", "{\"uuid\":\"22222222-bbbb\",\"email_address\":\"jo@example.com\"}")]
    public async Task Tokens_of_another_account_than_the_stored_one_are_neither_written_nor_served(string member, string json)
    {
        await using SharedLogin login = await StartFlatAsync();
        byte[] before = await File.ReadAllBytesAsync(login.Path);
        var events = new EventLog();
        CoordinatedTokenProvider provider = login.CreateProvider(events.AttachTo);
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.Member(member, json);

        SignInRequiredException failure = await RefusedAsync(provider);

        failure.Message.Should().Contain(login.Path).And.NotContain(Ours).And.NotContain(Theirs).And.NotContain("jo@example.com");
        failure.IsTransient.Should().BeFalse();
        (await File.ReadAllBytesAsync(login.Path)).Should().Equal(before);
        (await events.NextAsync<TokensDiscardedEvent>()).Reason.Should().Be(TokensDiscardedReason.AccountMismatch);
        (await events.NextAsync<SignInRequiredEvent>()).Reason.Should().Be(SignInRequiredReason.AccountMismatch);
    }

    [Fact]
    public async Task The_used_token_is_not_presented_again_until_another_login_is_stored()
    {
        await using SharedLogin login = await StartFlatAsync();
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.Member("account_id", Quoted(Theirs));
        CoordinatedTokenProvider provider = login.CreateProvider();
        await RefusedAsync(provider);
        await using CoordinatedTokenProvider another = login.CreateProvider(o => o.ClientId = "another client");

        await RefusedAsync(provider);
        await RefusedAsync(another);
        TokenRefreshStatus status = await another.GetStatusAsync();
        login.Server.Books.TokenRequests.Should().Be(1);
        await StoreFlatAsync(login, Theirs);
        AccessToken token = await provider.GetAccessTokenAsync();

        status.State.Should().Be(TokenRefreshState.SignInRequired);
        status.Problem.Should().Contain("another account");
        token.Value.Should().NotBe(login.Login.AccessToken, "that one is expired");
        login.Server.Books.Reuses.Should().Be(0);
    }

    [Theory]
    [InlineData("account", "{\"uuid\":\"11111111-aaaa\"}", "{\"uuid\":\"22222222-bbbb\"}")]
    [InlineData("id_token", "\"eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.c2ln\"", "\"eyJhbGciOiJub25lIn0.eyJzdWIiOiIyIn0.c2ln\"")]
    public async Task A_file_that_names_no_account_is_compared_with_what_an_earlier_answer_said(string member, string first, string second)
    {
        var clock = new ManualTimeProvider();
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = clock });
        CoordinatedTokenProvider provider = login.CreateProvider(services: new() { TimeProvider = clock });
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.Member(member, first);
        await provider.GetAccessTokenAsync();
        clock.Advance(TimeSpan.FromHours(2));
        await provider.GetAccessTokenAsync();
        string before = await File.ReadAllTextAsync(login.Path);
        clock.Advance(TimeSpan.FromHours(2));
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.Member(member, second);

        await RefusedAsync(provider);

        (await File.ReadAllTextAsync(login.Path)).Should().Be(before).And.NotContain(Ours, "the format has no member for it");
        login.Server.Books.TokenRequests.Should().Be(3);
    }

    [Theory]
    [InlineData("account_id", "\"11111111-aaaa\"")]
    [InlineData("account_id", "null")]
    [InlineData("id_token", "\"eyJhbGciOiJub25lIn0.eyJzdWIiOiIyIn0.c2ln\"")]
    public async Task The_same_account_none_or_a_name_of_another_kind_is_no_mismatch(string member, string json)
    {
        await using SharedLogin login = await StartFlatAsync();
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.Member(member, json);

        AccessToken token = await login.CreateProvider().GetAccessTokenAsync();

        (await File.ReadAllTextAsync(login.Path)).Should().Contain(token.Value).And.Contain($"\"account_id\":\"{Ours}\"");
    }

    [Fact]
    public async Task Another_login_that_was_stored_meanwhile_is_not_compared_with_what_was_heard_of_the_former()
    {
        var clock = new ManualTimeProvider();
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = clock });
        CoordinatedTokenProvider provider = login.CreateProvider(services: new() { TimeProvider = clock });
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.Member("account_id", Quoted(Ours));
        await provider.GetAccessTokenAsync();
        clock.Advance(TimeSpan.FromHours(2));
        login.Store(login.Server.IssueLogin(), DateTimeOffset.UnixEpoch.AddYears(50));
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.Member("account_id", Quoted(Theirs));

        Func<Task> get = () => provider.GetAccessTokenAsync().AsTask();

        await get.Should().NotThrowAsync();
    }

    [Fact]
    public async Task The_account_of_a_sign_in_counts_even_where_the_file_cannot_keep_it()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        CoordinatedTokenProvider provider = login.CreateProvider();
        IssuedLogin issued = login.Server.IssueLogin();
        await provider.StoreAsync(
            new OAuthCredentials(issued.AccessToken, issued.RefreshToken, DateTimeOffset.UnixEpoch.AddYears(50)) { AccountId = Ours });
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.Member("account_id", Quoted(Theirs));

        await RefusedAsync(provider);

        login.Server.Books.TokenRequests.Should().Be(1);
    }

    [Fact]
    public async Task An_access_token_of_our_account_that_is_still_valid_is_served_to_its_end()
    {
        var clock = new ManualTimeProvider();
        await using SharedLogin login = await SharedLogin.StartAsync(new() { TimeProvider = clock });
        CoordinatedTokenProvider provider = login.CreateProvider(services: new() { TimeProvider = clock });
        await provider.StoreAsync(
            new OAuthCredentials(login.Login.AccessToken, login.Login.RefreshToken, login.Login.Credentials.ExpiresAt)
            {
                AccountId = Ours,
            });
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.Member("account_id", Quoted(Theirs));
        clock.Advance(login.Login.Credentials.ExpiresAt!.Value - clock.GetUtcNow() - TimeSpan.FromSeconds(5));

        AccessToken served = await provider.GetAccessTokenAsync();

        served.Value.Should().Be(login.Login.AccessToken);
        login.Server.Books.TokenRequests.Should().Be(1);
        clock.Advance(TimeSpan.FromSeconds(5));
        await RefusedAsync(provider);
    }

    [Fact]
    public async Task A_login_stored_by_another_program_during_the_exchange_wins_over_the_mismatch()
    {
        await using SharedLogin login = await StartFlatAsync();
        CoordinatedTokenProvider provider = login.CreateProvider();
        using ParkedExchange<AccessToken> exchange = await login.ParkAsync(
            provider, ParkPoint.AfterProcessing, TokenEndpointBehavior.Member("account_id", Quoted(Theirs)));
        login.Store(login.Server.IssueLogin());

        exchange.Release();

        (await exchange.Caller).Value.Should().Be(login.Login.AccessToken);
    }

    private static async Task<SharedLogin> StartFlatAsync()
    {
        SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        await StoreFlatAsync(login, Ours);
        return login;
    }

    private static async Task StoreFlatAsync(SharedLogin login, string account)
    {
        login.Store(login.Server.IssueLogin());
        await File.WriteAllTextAsync(
            login.Path,
            $$"""
            {"access_token":"{{login.Login.AccessToken}}","refresh_token":"{{login.Login.RefreshToken}}","expires_at":1000,
            "account_id":"{{account}}"}
            """,
            Encoding.UTF8);
    }

    private static async Task<SignInRequiredException> RefusedAsync(CoordinatedTokenProvider provider)
    {
        Func<Task> get = () => provider.GetAccessTokenAsync().AsTask();
        SignInRequiredException failure = (await get.Should().ThrowAsync<SignInRequiredException>()).Which;
        failure.Reason.Should().Be(SignInRequiredReason.AccountMismatch);
        return failure;
    }

    private static string Quoted(string text) => $"\"{text}\"";
}
