using FluentAssertions;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;

namespace TokenRefresh.Tests.Refresh;

/// <summary>
/// The assertion the library stands for: two providers on one file, interrupted where it hurts most; as many refreshes as expiries, no
/// reuse, the same token for everybody.
/// </summary>
internal static class OneRefreshPerExpiry
{
    /// <summary>Runs each situation on a login of its own.</summary>
    /// <param name="decorateProvider">A fault planted in front of both providers; default none.</param>
    internal static async Task AssertAsync(Func<CoordinatedTokenProvider, ITokenProvider>? decorateProvider = null)
    {
        decorateProvider ??= provider => provider;
        await AssertOfLateLeaderAsync(decorateProvider);
        await AssertOfRivalDuringSaveAsync(decorateProvider);
        await AssertOfLateRejectionAsync(decorateProvider);
    }

    // One provider has looked and goes for the lock; the other refreshes before it is granted.
    private static async Task AssertOfLateLeaderAsync(Func<CoordinatedTokenProvider, ITokenProvider> decorateProvider)
    {
        await using SharedLogin login = await StartExpiredAsync();
        ITokenProvider rival = Create(login, login.CreateStore(), decorateProvider);
        Task<AccessToken>? refreshed = null;
        var interrupted = new InterruptedStore(login.CreateStore(), () => refreshed = rival.GetAccessTokenAsync().AsTask());
        ITokenProvider provider = Create(login, interrupted, decorateProvider);

        Task<AccessToken> late = provider.GetAccessTokenAsync().AsTask();
        await SettleAsync(late);

        await AssertBooksAsync(login, late, refreshed!);
    }

    // One provider has its pair and comes to save it; the other, expired, wants the lock.
    private static async Task AssertOfRivalDuringSaveAsync(Func<CoordinatedTokenProvider, ITokenProvider> decorateProvider)
    {
        await using SharedLogin login = await StartExpiredAsync();
        var isRefused = new TaskCompletionSource();
        ITokenProvider rival = Create(login, new RefusalWatch(login.CreateStore(), isRefused), decorateProvider);
        Task<AccessToken>? rivals = null;
        var checkpoint = new SaveCheckpoint(login.CreateStore(), () =>
        {
            rivals ??= rival.GetAccessTokenAsync().AsTask();
            return Task.WhenAny(isRefused.Task, SettleAsync(rivals));
        });
        ITokenProvider provider = Create(login, checkpoint, decorateProvider);

        Task<AccessToken> saving = provider.GetAccessTokenAsync().AsTask();
        await SettleAsync(saving);

        await AssertBooksAsync(login, saving, rivals!);
    }

    // A request went out with the expired token; its 401 comes when another call has long refreshed.
    private static async Task AssertOfLateRejectionAsync(Func<CoordinatedTokenProvider, ITokenProvider> decorateProvider)
    {
        await using SharedLogin login = await StartExpiredAsync();
        ITokenProvider provider = Create(login, login.CreateStore(), decorateProvider);

        Task<AccessToken> first = provider.GetAccessTokenAsync().AsTask();
        await SettleAsync(first);
        Task<AccessToken> late = provider.RefreshAccessTokenAsync(new AccessToken(login.Login.AccessToken)).AsTask();
        await SettleAsync(late);

        await AssertBooksAsync(login, first, late);
    }

    // The books first: what the server saw is what matters, whatever the callers were told.
    private static async Task AssertBooksAsync(SharedLogin login, params Task<AccessToken>[] calls)
    {
        await Task.WhenAll(calls.Select(SettleAsync));
        AuthorizationServerBooks books = login.Server.Books;
        books.Reuses.Should().Be(0, "no refresh token may be presented twice");
        books.FamiliesRevoked.Should().Be(0);
        books.Expiries.Should().Be(1);
        books.TokenRequests.Should().Be(books.Expiries, "each expiry costs one token request");
        AccessToken[] tokens = await Task.WhenAll(calls);
        tokens.Select(t => t.Value).Distinct().Should().ContainSingle("everybody gets the same token");
        login.Server.IsAccepted(tokens[0].Value).Should().BeTrue();
    }

    private static async Task<SharedLogin> StartExpiredAsync()
    {
        SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        login.Server.ExpireAllAccessTokens();
        return login;
    }

    private static ITokenProvider Create(
        SharedLogin login, ICredentialsStore store, Func<CoordinatedTokenProvider, ITokenProvider> decorate) =>
        decorate(login.CreateProvider(services: new() { CredentialsStore = store }));

    private static Task SettleAsync(Task call) =>
        call.ContinueWith(static _ => { }, TaskScheduler.Default).WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System);

    /// <summary>Tells when a try for the lock was refused.</summary>
    private sealed class RefusalWatch(ICredentialsStore inner, TaskCompletionSource isRefused) : StoreDecorator(inner)
    {
        public override async ValueTask<ICredentialsLease?> AcquireLeaseAsync(
            TimeSpan timeout, CancellationToken cancellationToken = default)
        {
            ICredentialsLease? lease = await base.AcquireLeaseAsync(timeout, cancellationToken);
            if (lease is null)
            {
                isRefused.TrySetResult();
            }

            return lease;
        }
    }

    /// <summary>Waits for something before each save.</summary>
    private sealed class SaveCheckpoint(ICredentialsStore inner, Func<Task> beforeSave) : StoreDecorator(inner)
    {
        protected override ICredentialsLease Wrap(ICredentialsLease lease) => new Lease(lease, beforeSave);

        private sealed class Lease(ICredentialsLease inner, Func<Task> beforeSave) : LeaseDecorator(inner)
        {
            public override async ValueTask<CredentialsCommit> CommitAsync(
                OAuthCredentials? expected, OAuthCredentials? next, CancellationToken cancellationToken = default)
            {
                await beforeSave();
                return await base.CommitAsync(expected, next, cancellationToken);
            }
        }
    }
}
