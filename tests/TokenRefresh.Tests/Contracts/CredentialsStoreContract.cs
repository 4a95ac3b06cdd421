using FluentAssertions;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Contracts;

/// <summary>
/// What holds for every <see cref="ICredentialsStore"/> and <see cref="ICredentialsLease"/>. Derive once per store; each test has a medium
/// of its own.
/// </summary>
public abstract class CredentialsStoreContract : IAsyncLifetime
{
    private readonly List<ICredentialsStore> _stores = [];

    /// <summary>The clock that the stores under test must use.</summary>
    protected ManualTimeProvider Time { get; } = new();

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    protected static OAuthCredentials First { get; } = Credentials("first");

    protected static OAuthCredentials Second { get; } = Credentials("second");

    protected static OAuthCredentials Third { get; } = Credentials("third");

    /// <summary>
    /// Makes another instance on the same medium, as another provider would. The contract disposes it if it can be disposed.
    /// </summary>
    protected abstract ValueTask<ICredentialsStore> CreateStoreAsync();

    /// <summary>
    /// Overwrites the stored record with bytes that no store wrote; <see langword="false"/> if the medium cannot be damaged from outside.
    /// </summary>
    protected virtual ValueTask<bool> TryDamageRecordAsync() => new(false);

    /// <summary>
    /// Overwrites the stored credentials with bytes that no store wrote; <see langword="false"/> if the medium cannot be damaged from
    /// outside.
    /// </summary>
    protected virtual ValueTask<bool> TryDamageCredentialsAsync() => new(false);

    public virtual ValueTask InitializeAsync() => default;

    public virtual async ValueTask DisposeAsync()
    {
        foreach (ICredentialsStore store in _stores)
        {
            switch (store)
            {
                case IAsyncDisposable disposable:
                    await disposable.DisposeAsync();
                    break;
                case IDisposable disposable:
                    disposable.Dispose();
                    break;
            }
        }

        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task An_empty_medium_holds_no_login_no_record_and_no_holder()
    {
        ICredentialsStore store = await OpenAsync();

        OAuthCredentials? stored = await store.ReadAsync(Cancellation);

        stored.Should().BeNull();
        (await store.ReadRecordAsync(Cancellation)).Length.Should().Be(0);
        (await store.ReadHolderAsync(Cancellation)).Should().BeNull();
        store.Location.Should().NotBeNullOrWhiteSpace();
        store.LockPath.Should().NotBeNullOrWhiteSpace();
    }

    [Fact]
    public async Task A_committed_login_is_read_by_every_instance_with_and_without_a_lease()
    {
        ICredentialsStore store = await OpenAsync();
        ICredentialsStore other = await OpenAsync();
        await using ICredentialsLease lease = await AcquireAsync(store);

        CredentialsCommit commit = await lease.CommitAsync(expected: null, First, Cancellation);

        commit.IsCommitted.Should().BeTrue();
        ShouldBe(commit.Current, First);
        ShouldBe(await lease.ReadAsync(Cancellation), First);
        ShouldBe(await other.ReadAsync(Cancellation), First);
    }

    [Fact]
    public async Task Expiry_scope_and_the_refresh_tokens_own_expiry_survive()
    {
        ICredentialsStore store = await StoreAsync(First);

        OAuthCredentials? stored = await store.ReadAsync(Cancellation);

        stored!.ExpiresAt.Should().Be(First.ExpiresAt);
        stored.RefreshTokenExpiresAt.Should().Be(First.RefreshTokenExpiresAt);
        stored.Scopes.Should().Equal(First.Scopes);
    }

    [Fact]
    public async Task An_unknown_expiry_stays_unknown()
    {
        ICredentialsStore store = await StoreAsync(First);
        var unknown = new OAuthCredentials("access-of-unknown-end", "refresh-of-unknown-end");

        await CommitAsync(store, First, unknown);

        OAuthCredentials? stored = await store.ReadAsync(Cancellation);
        ShouldBe(stored, unknown);
        stored!.ExpiresAt.Should().BeNull();
        stored.RefreshTokenExpiresAt.Should().BeNull();
    }

    [Fact]
    public async Task A_commit_replaces_what_it_expects()
    {
        ICredentialsStore store = await StoreAsync(First);

        CredentialsCommit commit = await CommitAsync(store, First, Second);

        commit.IsCommitted.Should().BeTrue();
        ShouldBe(await store.ReadAsync(Cancellation), Second);
    }

    [Fact]
    public async Task What_counts_as_expected_is_the_refresh_token_whatever_the_access_token()
    {
        ICredentialsStore store = await StoreAsync(First);
        var sameLogin = new OAuthCredentials("an access token nobody stored", First.RefreshToken);

        CredentialsCommit commit = await CommitAsync(store, sameLogin, Second);

        commit.IsCommitted.Should().BeTrue();
    }

    [Fact]
    public async Task Without_refresh_tokens_the_access_token_is_what_is_compared()
    {
        var bare = new OAuthCredentials("bare-access-token", null);
        ICredentialsStore store = await StoreAsync(bare);

        CredentialsCommit mismatch = await CommitAsync(store, new OAuthCredentials("another-access-token", null), Second);
        CredentialsCommit match = await CommitAsync(store, bare, Second);

        mismatch.IsCommitted.Should().BeFalse();
        match.IsCommitted.Should().BeTrue();
    }

    [Fact]
    public async Task A_commit_that_expects_another_login_changes_nothing_and_tells_what_is_there()
    {
        ICredentialsStore store = await StoreAsync(First);

        CredentialsCommit commit = await CommitAsync(store, Second, Third);

        commit.IsCommitted.Should().BeFalse();
        ShouldBe(commit.Current, First);
        ShouldBe(await store.ReadAsync(Cancellation), First);
    }

    [Fact]
    public async Task A_commit_that_expects_nothing_does_not_overwrite_a_login()
    {
        ICredentialsStore store = await StoreAsync(First);

        CredentialsCommit commit = await CommitAsync(store, expected: null, Second);

        commit.IsCommitted.Should().BeFalse();
        ShouldBe(await store.ReadAsync(Cancellation), First);
    }

    [Fact]
    public async Task A_commit_that_expects_a_login_does_not_resurrect_a_removed_one()
    {
        ICredentialsStore store = await OpenAsync();

        CredentialsCommit commit = await CommitAsync(store, First, Second);

        commit.IsCommitted.Should().BeFalse();
        commit.Current.Should().BeNull();
        (await store.ReadAsync(Cancellation)).Should().BeNull();
    }

    [Fact]
    public async Task Nothing_as_the_next_login_removes_the_stored_one()
    {
        ICredentialsStore store = await StoreAsync(First);

        CredentialsCommit commit = await CommitAsync(store, First, next: null);

        commit.IsCommitted.Should().BeTrue();
        OAuthCredentials? stored = await store.ReadAsync(Cancellation);
        (stored is null || stored.IsSignedOut).Should().BeTrue("a removed login leaves nothing, or the sentinel of a logout");
        (await CommitAsync(store, stored, Second)).IsCommitted.Should().BeTrue("after a logout a login must be storable");
    }

    [Fact]
    public async Task The_preparation_comes_before_the_commit_and_changes_nothing()
    {
        ICredentialsStore store = await StoreAsync(First);
        await using ICredentialsLease lease = await AcquireAsync(store);

        bool isPrepared = await lease.PrepareAsync(Cancellation);

        isPrepared.Should().BeTrue();
        ShouldBe(await store.ReadAsync(Cancellation), First);
        (await lease.CommitAsync(First, Second, Cancellation)).IsCommitted.Should().BeTrue();
        ShouldBe(await store.ReadAsync(Cancellation), Second);
    }

    [Fact]
    public async Task A_preparation_that_no_commit_follows_leaves_the_login_alone()
    {
        ICredentialsStore store = await StoreAsync(First);
        await using (ICredentialsLease lease = await AcquireAsync(store))
        {
            await lease.PrepareAsync(Cancellation);
        }

        CredentialsCommit commit = await CommitAsync(store, First, Second);

        commit.IsCommitted.Should().BeTrue();
        ShouldBe(await store.ReadAsync(Cancellation), Second);
    }

    [Fact]
    public async Task One_lease_can_commit_more_than_once()
    {
        ICredentialsStore store = await StoreAsync(First);
        await using ICredentialsLease lease = await AcquireAsync(store);

        await lease.CommitAsync(First, Second, Cancellation);
        CredentialsCommit commit = await lease.CommitAsync(Second, Third, Cancellation);

        commit.IsCommitted.Should().BeTrue();
        ShouldBe(await store.ReadAsync(Cancellation), Third);
    }

    [Fact]
    [FailureMode("F45")]
    public async Task Credentials_that_cannot_be_read_are_an_error_and_stay_as_they_are()
    {
        ICredentialsStore store = await StoreAsync(First);
        Assert.SkipUnless(await TryDamageCredentialsAsync(), "This medium cannot be damaged from outside.");
        await using ICredentialsLease lease = await AcquireAsync(store);

        Func<Task> read = () => AdvanceAsync(store.ReadAsync(Cancellation));
        Func<Task> commit = () => AdvanceAsync(lease.CommitAsync(First, Second, Cancellation));

        await read.Should().ThrowAsync<CredentialsFileException>();
        await commit.Should().ThrowAsync<CredentialsFileException>();
        await read.Should().ThrowAsync<CredentialsFileException>();
    }

    /// <summary>Opens another instance on the medium.</summary>
    protected async Task<ICredentialsStore> OpenAsync()
    {
        ICredentialsStore store = await CreateStoreAsync();
        if (!_stores.Contains(store))
        {
            _stores.Add(store);
        }

        return store;
    }

    protected static async Task<ICredentialsLease> AcquireAsync(ICredentialsStore store) =>
        await store.AcquireLeaseAsync(TimeSpan.FromMinutes(1), Cancellation)
            .AsTask()
            .WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System, Cancellation)
        ?? throw new Xunit.Sdk.XunitException("The lease is free, but was not granted.");

    protected async Task<ICredentialsStore> StoreAsync(OAuthCredentials credentials)
    {
        ICredentialsStore store = await OpenAsync();
        (await CommitAsync(store, expected: null, credentials)).IsCommitted.Should().BeTrue();
        return store;
    }

    protected async Task<CredentialsCommit> CommitAsync(ICredentialsStore store, OAuthCredentials? expected, OAuthCredentials? next)
    {
        await using ICredentialsLease lease = await AcquireAsync(store);
        Task<CredentialsCommit> commit = lease.CommitAsync(expected, next, Cancellation).AsTask();

        // A store may look again for a while before it calls a missing login a logout.
        await Time.AdvanceThroughShortPausesAsync(commit, TimeSpan.FromMilliseconds(100));
        return await commit;
    }

    /// <summary>Awaits work that may look again a few times, by the clock.</summary>
    protected Task AdvanceAsync<T>(ValueTask<T> work) => Time.AdvanceThroughShortPausesAsync(work.AsTask(), TimeSpan.FromMilliseconds(100));

    protected static void ShouldBe(OAuthCredentials? actual, OAuthCredentials expected)
    {
        actual.Should().NotBeNull();
        actual!.AccessToken.Should().Be(expected.AccessToken);
        actual.RefreshToken.Should().Be(expected.RefreshToken);
    }

    private static OAuthCredentials Credentials(string name) =>
        new($"{name}-access-token", $"{name}-refresh-token", new DateTimeOffset(2026, 1, 1, 8, 0, 0, TimeSpan.Zero))
        {
            RefreshTokenExpiresAt = new DateTimeOffset(2026, 2, 1, 0, 0, 0, TimeSpan.Zero),
            Scopes = ["user:inference", "user:profile"],
        };
}
