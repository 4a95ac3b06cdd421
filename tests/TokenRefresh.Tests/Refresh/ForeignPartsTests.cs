using FluentAssertions;
using TokenRefresh.Endpoint;
using TokenRefresh.Stores;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;

namespace TokenRefresh.Tests.Refresh;

/// <summary>Stores and token endpoint clients of a user's own, which do not keep to the contract.</summary>
public sealed class ForeignPartsTests
{
    private static readonly OAuthCredentials Expired = new("access-0", "refresh-0", new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero));

    [Fact]
    [FailureMode("F34")]
    public async Task Tokens_that_a_store_fails_to_save_with_any_exception_are_served_from_memory()
    {
        using var store = new CommitThrows(new InMemoryCredentialsStore(Expired), new InvalidOperationException("The database is gone."));
        var events = new EventLog();
        await using CoordinatedTokenProvider provider = Create(store, new AnsweringClient(_ => Answer()), events.AttachTo);

        AccessToken token = await provider.GetAccessTokenAsync();

        token.Value.Should().Be("access-1");
        (await events.NextAsync<SaveFailedEvent>()).Exception.Should().BeOfType<InvalidOperationException>();
    }

    [Fact]
    [FailureMode("F34")]
    public async Task Tokens_that_no_file_can_hold_are_served_from_memory()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        byte[] before = await File.ReadAllBytesAsync(login.Path);
        using FileCredentialsStore store = login.CreateStore();
        var events = new EventLog();
        await using CoordinatedTokenProvider provider = Create(
            store, new AnsweringClient(
                _ =>
                    new(
                        TokenEndpointResult.Success(
                            new TokenResponse("access-1", "half a surrogate \ud800", TimeSpan.FromHours(1))))), events.AttachTo);

        AccessToken token = await provider.GetAccessTokenAsync();

        token.Value.Should().Be("access-1");
        (await events.NextAsync<SaveFailedEvent>()).Exception.Should().BeOfType<ArgumentException>();
        (await File.ReadAllBytesAsync(login.Path)).Should().Equal(before);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [FailureMode("F52")]
    public async Task A_client_that_throws_after_the_body_left_makes_the_outcome_unknown_and_before_it_not(bool isSent)
    {
        using var store = new InMemoryCredentialsStore(Expired);
        var requests = 0;
        await using CoordinatedTokenProvider provider = Create(store, new AnsweringClient(async request =>
        {
            requests++;
            if (isSent)
            {
                await request.BeforeSendAsync();
            }

            throw new OperationCanceledException("A time-out of the client's own.");
        }));

        Func<Task> act = async () => await provider.GetAccessTokenAsync();

        if (isSent)
        {
            await act.Should().ThrowAsync<RefreshOutcomeUnknownException>();
            requests.Should().Be(2, "the access token is expired, so that nothing is lost by the one replay");
        }
        else
        {
            await act.Should().ThrowAsync<TokenEndpointUnavailableException>();
            requests.Should().Be(1);
        }
    }

    [Fact]
    [FailureMode("F90")]
    public async Task An_answer_whose_access_token_no_header_may_carry_is_none_and_the_stored_tokens_stay()
    {
        using var store = new InMemoryCredentialsStore(Expired);
        await using CoordinatedTokenProvider provider = Create(store, new AnsweringClient(async request =>
        {
            await request.BeforeSendAsync();
            return TokenEndpointResult.Success(new TokenResponse("zwölf\nzeilen", "refresh-1", TimeSpan.FromHours(1)));
        }));

        await provider.Awaiting(p => p.GetAccessTokenAsync().AsTask()).Should().ThrowAsync<RefreshOutcomeUnknownException>();

        (await store.ReadAsync())!.RefreshToken.Should().Be("refresh-0");
    }

    [Theory]
    [FailureMode("F113")]
    [InlineData("Bearer\r\nX-Injected: 1", "Bearer")]
    [InlineData("", "Bearer")]
    [InlineData("bearer", "Bearer")]
    [InlineData("jwt-bearer", "Bearer")]
    [InlineData("user", "Bearer")]
    public async Task The_token_type_of_the_answer_or_the_store_is_never_the_scheme(string tokenType, string scheme)
    {
        using var store = new InMemoryCredentialsStore(new("access-0", "refresh-0", DateTimeOffset.MaxValue) { TokenType = tokenType });
        await using CoordinatedTokenProvider provider = Create(
            store, new AnsweringClient(
                _ =>
                    new(
                        TokenEndpointResult.Success(
                            new TokenResponse("access-1", "refresh-1", TimeSpan.FromHours(1)) { TokenType = tokenType }))));

        AccessToken stored = await provider.GetAccessTokenAsync();
        AccessToken answered = await provider.RefreshAccessTokenAsync(stored);

        stored.TokenType.Should().Be(scheme);
        answered.TokenType.Should().Be(scheme);
    }

    [Fact]
    [FailureMode("F73")]
    public async Task A_lifetime_beyond_the_calendar_ends_with_the_calendar()
    {
        using var store = new InMemoryCredentialsStore(Expired);
        await using CoordinatedTokenProvider provider = Create(store, new AnsweringClient(_ => Answer(TimeSpan.MaxValue)));

        AccessToken token = await provider.GetAccessTokenAsync();

        token.ExpiresAt.Should().Be(DateTimeOffset.MaxValue);
    }

    [Fact]
    [FailureMode("F34")]
    public async Task Notes_that_a_store_fails_to_write_with_any_exception_keep_no_token_from_its_callers()
    {
        using var store = new NotesThrow(new InMemoryCredentialsStore(Expired));
        await using CoordinatedTokenProvider provider = Create(store, new AnsweringClient(_ => Answer()));

        AccessToken token = await provider.GetAccessTokenAsync();
        await provider.StoreAsync(new OAuthCredentials("access-2", "refresh-2"));

        token.Value.Should().Be("access-1");
        (await provider.GetAccessTokenAsync()).Value.Should().Be("access-2");
    }

    [Fact]
    [FailureMode("F87")]
    public async Task A_token_that_was_used_for_another_account_is_not_presented_again_where_the_store_fails_at_that_moment()
    {
        using var store = new ReadThrowsOnce(
            new InMemoryCredentialsStore(new("access-0", "refresh-0", Expired.ExpiresAt) { AccountId = "one" }));
        var presented = new List<string>();
        await using CoordinatedTokenProvider provider = Create(store, new AnsweringClient(async request =>
        {
            await request.BeforeSendAsync();
            presented.Add(request.RefreshToken);
            store.Failure = new InvalidOperationException("The database is gone.");
            return TokenEndpointResult.Success(new TokenResponse("access-1", "refresh-1", TimeSpan.FromHours(1)) { AccountId = "other" });
        }));

        for (var i = 0; i < 2; i++)
        {
            (await provider.Awaiting(p => p.GetAccessTokenAsync().AsTask()).Should().ThrowAsync<SignInRequiredException>())
                .Which.Reason.Should().Be(SignInRequiredReason.AccountMismatch);
        }

        presented.Should().Equal("refresh-0");
    }

    [Fact]
    [FailureMode("F76")]
    public async Task A_login_that_expired_before_the_calendar_began_is_stored_and_refreshed()
    {
        using var store = new InMemoryCredentialsStore();
        await using CoordinatedTokenProvider provider = Create(store, new AnsweringClient(_ => Answer()));

        await provider.StoreAsync(new OAuthCredentials("access-0", "refresh-0", default(DateTimeOffset)));

        (await provider.GetAccessTokenAsync()).Value.Should().Be("access-1");
    }

    [Fact]
    [FailureMode("F80")]
    public async Task A_sign_out_that_knows_of_no_login_removes_none_that_someone_stores_meanwhile()
    {
        using var store = new InMemoryCredentialsStore();
        await using CoordinatedTokenProvider provider = Create(store, new AnsweringClient(_ => Answer()));
        ICredentialsLease other = (await store.AcquireLeaseAsync(TimeSpan.Zero))!;
        Task signOut = provider.RemoveAsync();

        await other.CommitAsync(null, new OAuthCredentials("theirs", "their-refresh"));
        await other.DisposeAsync();
        await signOut;

        (await store.ReadAsync())!.AccessToken.Should().Be("theirs");
    }

    private static async ValueTask<TokenEndpointResult> Answer(TimeSpan? expiresIn = null)
    {
        await Task.CompletedTask;
        return TokenEndpointResult.Success(new TokenResponse("access-1", "refresh-1", expiresIn ?? TimeSpan.FromHours(1)));
    }

    private static CoordinatedTokenProvider Create(
        ICredentialsStore store, ITokenEndpointClient client, Action<TokenRefreshOptions>? configure = null) =>
        CoordinatedTokenProvider.Create(o => configure?.Invoke(o), new() { CredentialsStore = store, TokenEndpointClient = client });

    private sealed class CommitThrows(ICredentialsStore inner, Exception failure) : StoreDecorator(inner)
    {
        protected override ICredentialsLease Wrap(ICredentialsLease lease) => new ThrowingLease(lease, failure);

        private sealed class ThrowingLease(ICredentialsLease lease, Exception failure) : LeaseDecorator(lease)
        {
            public override ValueTask<CredentialsCommit> CommitAsync(
                OAuthCredentials? expected, OAuthCredentials? next, CancellationToken cancellationToken = default) => throw failure;
        }
    }

    private sealed class NotesThrow(ICredentialsStore inner) : StoreDecorator(inner)
    {
        protected override ICredentialsLease Wrap(ICredentialsLease lease) => new ThrowingLease(lease);

        private sealed class ThrowingLease(ICredentialsLease lease) : LeaseDecorator(lease)
        {
            public override ValueTask WriteRecordAsync(
                ReadOnlyMemory<byte> record,
                bool durable,
                CancellationToken cancellationToken = default) => throw new TimeoutException("The database did not answer.");
        }
    }

    private sealed class ReadThrowsOnce(ICredentialsStore inner) : StoreDecorator(inner)
    {
        internal Exception? Failure { get; set; }

        protected override ICredentialsLease Wrap(ICredentialsLease lease) => new ThrowingLease(this, lease);

        private sealed class ThrowingLease(ReadThrowsOnce store, ICredentialsLease lease) : LeaseDecorator(lease)
        {
            public override ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default)
            {
                (Exception? failure, store.Failure) = (store.Failure, null);
                return failure is null ? base.ReadAsync(cancellationToken) : throw failure;
            }
        }
    }
}
