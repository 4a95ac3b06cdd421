using Xunit;

namespace TokenRefresh.Testing;

public abstract partial class CredentialsStoreConformanceTests
{
    [Fact]
    public async Task An_empty_medium_holds_no_login_no_record_and_no_holder()
    {
        ICredentialsStore store = await OpenAsync();

        Assert.Null(await ReadAsync(store));
        Assert.Empty(await ReadRecordAsync(store));
        Assert.Null(await EndAsync(store.ReadHolderAsync(Cancellation)));
        Assert.False(string.IsNullOrWhiteSpace(store.Location), "'Location' is empty.");
        Assert.False(string.IsNullOrWhiteSpace(store.LockPath), "'LockPath' is empty.");
    }

    [Fact]
    public async Task A_committed_login_is_read_by_every_instance_with_and_without_a_lease()
    {
        ICredentialsStore store = await OpenAsync();
        ICredentialsStore other = await OpenAsync();
        await using ICredentialsLease lease = await AcquireAsync(store);

        CredentialsCommit commit = await EndAsync(lease.CommitAsync(expected: null, First, Cancellation));

        Assert.True(commit.IsCommitted);
        AssertIs(First, commit.Current);
        AssertIs(First, await EndAsync(lease.ReadAsync(Cancellation)));
        AssertIs(First, await ReadAsync(other));
    }

    [Fact]
    public async Task Each_read_sees_what_another_instance_has_committed_since()
    {
        ICredentialsStore store = await OpenWithAsync(First);
        ICredentialsStore other = await OpenAsync();
        AssertIs(First, await ReadAsync(other));

        await CommitAsync(store, First, Second);

        AssertIs(Second, await ReadAsync(other));
        await using ICredentialsLease lease = await AcquireAsync(other);
        AssertIs(Second, await EndAsync(lease.ReadAsync(Cancellation)));
        await EndAsync(lease.CommitAsync(Second, Third, Cancellation));
        AssertIs(Third, await EndAsync(lease.ReadAsync(Cancellation)));
        AssertIs(Third, await ReadAsync(store));
    }

    [Fact]
    public async Task Expiry_scope_and_the_refresh_tokens_own_expiry_survive()
    {
        await OpenWithAsync(First);

        OAuthCredentials? stored = await ReadAsync(await OpenAsync());

        AssertIs(First, stored);
        Assert.Equal(First.ExpiresAt, stored!.ExpiresAt);
        Assert.Equal(First.RefreshTokenExpiresAt, stored.RefreshTokenExpiresAt);
        Assert.Equal(First.Scopes, stored.Scopes);
    }

    [Fact]
    public async Task The_key_to_which_the_tokens_are_bound_survives()
    {
        var key = DPoPKey.Create();
        await OpenWithAsync(new OAuthCredentials("bound-access-token", "bound-refresh-token") { TokenType = "DPoP", DPoPKey = key });

        OAuthCredentials? stored = await ReadAsync(await OpenAsync());

        Assert.Equal(key.Thumbprint, stored!.DPoPKey?.Thumbprint);
        Assert.Equal(key.ExportJwk(), stored.DPoPKey!.ExportJwk());
        Assert.Equal("DPoP", stored.TokenType);
    }

    [Fact]
    public async Task An_unknown_expiry_stays_unknown()
    {
        ICredentialsStore store = await OpenWithAsync(First);
        var unknown = new OAuthCredentials("access-of-unknown-end", "refresh-of-unknown-end");

        await CommitAsync(store, First, unknown);

        OAuthCredentials? stored = await ReadAsync(store);
        AssertIs(unknown, stored);
        Assert.Null(stored!.ExpiresAt);
        Assert.Null(stored.RefreshTokenExpiresAt);
    }

    [Fact]
    public async Task A_commit_replaces_what_it_expects()
    {
        ICredentialsStore store = await OpenWithAsync(First);

        CredentialsCommit commit = await CommitAsync(store, First, Second);

        Assert.True(commit.IsCommitted);
        AssertIs(Second, await ReadAsync(store));
    }

    [Fact]
    public async Task What_counts_as_expected_is_the_refresh_token_whatever_the_access_token()
    {
        ICredentialsStore store = await OpenWithAsync(First);
        var sameLogin = new OAuthCredentials("an access token no one stored", First.RefreshToken);

        CredentialsCommit commit = await CommitAsync(store, sameLogin, Second);

        Assert.True(commit.IsCommitted);
    }

    [Fact]
    public async Task Without_refresh_tokens_the_access_token_is_what_is_compared()
    {
        var bare = new OAuthCredentials("bare-access-token", null);
        ICredentialsStore store = await OpenWithAsync(bare);

        CredentialsCommit mismatch = await CommitAsync(store, new OAuthCredentials("another-access-token", null), Second);
        CredentialsCommit match = await CommitAsync(store, bare, Second);

        Assert.False(mismatch.IsCommitted);
        Assert.True(match.IsCommitted);
    }

    [Fact]
    public async Task A_commit_that_expects_another_login_changes_nothing_and_tells_what_is_there()
    {
        ICredentialsStore store = await OpenWithAsync(First);

        CredentialsCommit commit = await CommitAsync(store, Second, Third);

        Assert.False(commit.IsCommitted);
        AssertIs(First, commit.Current);
        AssertIs(First, await ReadAsync(store));
    }

    [Fact]
    public async Task A_commit_that_expects_nothing_does_not_overwrite_a_login()
    {
        ICredentialsStore store = await OpenWithAsync(First);

        CredentialsCommit commit = await CommitAsync(store, expected: null, Second);

        Assert.False(commit.IsCommitted);
        AssertIs(First, await ReadAsync(store));
    }

    [Fact]
    public async Task A_commit_that_expects_a_login_does_not_resurrect_a_removed_one()
    {
        ICredentialsStore store = await OpenAsync();

        CredentialsCommit commit = await CommitAsync(store, First, Second);

        Assert.False(commit.IsCommitted);
        Assert.Null(commit.Current);
        Assert.Null(await ReadAsync(store));
    }

    [Fact]
    public async Task Nothing_as_the_next_login_removes_the_stored_one()
    {
        ICredentialsStore store = await OpenWithAsync(First);

        CredentialsCommit commit = await CommitAsync(store, First, next: null);

        Assert.True(commit.IsCommitted);
        OAuthCredentials? stored = await ReadAsync(store);
        Assert.True(stored is null || stored.IsSignedOut, "A removed login leaves something that is no sentinel of a logout.");
        Assert.True((await CommitAsync(store, stored, Second)).IsCommitted, "After a logout no login could be stored.");
    }

    [Fact]
    public async Task A_commit_keeps_what_the_store_does_not_know()
    {
        ICredentialsStore store = await OpenWithAsync(First);
        Func<ValueTask<bool>>? isThere = await AddUnknownDataAsync(await MediumAsync());
        Assert.SkipWhen(isThere is null, "This medium has no place for unknown data.");

        CredentialsCommit commit = await CommitAsync(store, First, Second);

        Assert.True(commit.IsCommitted);
        Assert.True(await isThere(), "A commit has removed what the store does not know.");
        await CommitAsync(store, Second, next: null);
        Assert.True(await isThere(), "The removal of the login has removed what the store does not know.");
    }

    [Fact]
    public async Task The_preparation_comes_before_the_commit_and_changes_nothing()
    {
        ICredentialsStore store = await OpenWithAsync(First);
        await using ICredentialsLease lease = await AcquireAsync(store);

        bool isPrepared = await EndAsync(lease.PrepareAsync(Cancellation));

        Assert.True(isPrepared);
        AssertIs(First, await ReadAsync(store));
        Assert.True((await EndAsync(lease.CommitAsync(First, Second, Cancellation))).IsCommitted);
        AssertIs(Second, await ReadAsync(store));
    }

    [Fact]
    public async Task A_preparation_that_no_commit_follows_leaves_the_login_alone()
    {
        ICredentialsStore store = await OpenWithAsync(First);
        await using (ICredentialsLease lease = await AcquireAsync(store))
        {
            await EndAsync(lease.PrepareAsync(Cancellation));
        }

        CredentialsCommit commit = await CommitAsync(store, First, Second);

        Assert.True(commit.IsCommitted);
        AssertIs(Second, await ReadAsync(store));
    }

    [Fact]
    public async Task One_lease_can_commit_more_than_once()
    {
        ICredentialsStore store = await OpenWithAsync(First);
        await using ICredentialsLease lease = await AcquireAsync(store);

        await EndAsync(lease.CommitAsync(First, Second, Cancellation));
        CredentialsCommit commit = await EndAsync(lease.CommitAsync(Second, Third, Cancellation));

        Assert.True(commit.IsCommitted);
        AssertIs(Third, await ReadAsync(store));
    }

    [Fact]
    public async Task A_login_that_cannot_be_read_is_an_error_and_stays_as_it_is()
    {
        ICredentialsStore store = await OpenWithAsync(First);
        Assert.SkipUnless(await TryDamageLoginAsync(await MediumAsync()), "This medium cannot be damaged from outside.");
        await using ICredentialsLease lease = await AcquireAsync(store);

        await Assert.ThrowsAsync<CredentialsFileException>(() => ReadAsync(store));
        await Assert.ThrowsAsync<CredentialsFileException>(() => EndAsync(lease.CommitAsync(First, Second, Cancellation)));
        await Assert.ThrowsAsync<CredentialsFileException>(() => ReadAsync(store));
    }

    [Fact]
    public async Task No_error_and_no_text_of_the_store_shows_a_token()
    {
        ICredentialsStore store = await OpenWithAsync(First);
        await using ICredentialsLease lease = await AcquireAsync(store);
        LockHolder? holder = await EndAsync(store.ReadHolderAsync(Cancellation));
        CredentialsCommit commit = await EndAsync(lease.CommitAsync(Second, Third, Cancellation));
        var texts = new List<string?>
        {
            store.Location, store.LockPath, store.ToString(), lease.Location, lease.LockPath, lease.ToString(),
            holder?.ToString(), commit.Current?.ToString(), await ErrorOfAsync(() => WriteAsync(lease, new byte[65_537])),
        };

        if (await TryDamageLoginAsync(await MediumAsync()))
        {
            texts.Add(await ErrorOfAsync(() => ReadAsync(store)));
            texts.Add(await ErrorOfAsync(() => EndAsync(lease.ReadAsync(Cancellation))));
            texts.Add(await ErrorOfAsync(() => EndAsync(lease.PrepareAsync(Cancellation))));
            texts.Add(await ErrorOfAsync(() => EndAsync(lease.CommitAsync(First, Second, Cancellation))));
        }

        Assert.False(texts.Exists(ShowsToken), "An error or a name shows a part of a token.");
    }

    private static async Task<string?> ErrorOfAsync(Func<Task> act) => (await Xunit.Record.ExceptionAsync(act))?.ToString();

    // Longer than eight characters, a part of a secret is a secret.
    private static bool ShowsToken(string? text) =>
        text is not null
        && new[] { First, Second, Third }
            .SelectMany(login => new[] { login.AccessToken, login.RefreshToken! })
            .Any(token => Enumerable.Range(0, token.Length - 8).Any(at => text.Contains(token.Substring(at, 9), StringComparison.Ordinal)));
}
