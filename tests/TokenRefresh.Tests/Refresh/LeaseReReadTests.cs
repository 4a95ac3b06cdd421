using FluentAssertions;
using TokenRefresh.Locking;
using TokenRefresh.Stores;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;
using TokenRefresh.Tests.Credentials;

namespace TokenRefresh.Tests.Refresh;

public sealed class LeaseReReadTests
{
    [Fact]
    [FailureMode("F2")]
    public async Task The_lock_is_held_from_the_deciding_read_until_the_saved_bytes_were_read_back()
    {
        Assert.SkipWhen(
            OperatingSystem.IsWindows(), "The foreign try is made with flock; Windows locks are tried in the tests of the lock itself.");
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        using ForeignLock foreign = ForeignLock.Open(login.LockPath);
        var held = new List<(string Operation, bool IsHeld)>();
        var files = new FileOperationsSpy();
        files.Before = operation => held.Add((operation, foreign.IsHeldByAnother()));
        using var store = login.CreateStore(files);
        CoordinatedTokenProvider provider = login.CreateProvider(services: new() { CredentialsStore = store });

        using ParkedExchange<AccessToken> parked = await login.ParkAsync(provider, ParkPoint.AfterProcessing);
        bool isHeldDuringTheExchange = foreign.IsHeldByAnother();
        await parked.FinishAsync();

        isHeldDuringTheExchange.Should().BeTrue();
        held[0].Should().Be(("read", false), "the first look takes no lock");
        held.SkipWhile(call => !call.IsHeld).Should().OnlyContain(call => call.IsHeld, "the lock is not given back in between");
        held.Where(call => call.IsHeld).Select(call => call.Operation).First().Should().Be("read");
        held[^1].Should().Be(("read", true), "what was saved is read back under the lock");
        held.Should().Contain(("create", true)).And.Contain(("replace", true)).And.Contain(("flush directory", true));
        foreign.IsHeldByAnother().Should().BeFalse("the lock is given back in the end");
    }

    [Fact]
    [FailureMode("F3")]
    public async Task A_newer_login_that_came_before_the_grant_is_the_one_that_is_presented_even_if_it_is_expired_too()
    {
        var time = new ManualTimeProvider();
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(
            new() { AccessTokenLifetime = TimeSpan.FromSeconds(1), TimeProvider = time });
        CoordinatedTokenProvider rival = login.CreateProvider(services: new() { TimeProvider = time });
        using var store = new InterruptedStore(login.CreateStore(time: time), async () =>
        {
            await rival.GetAccessTokenAsync(TestContext.Current.CancellationToken);
            login.Server.AccessTokenLifetime = TimeSpan.FromHours(1);
            time.Advance(TimeSpan.FromSeconds(2));
        });
        CoordinatedTokenProvider provider = login.CreateProvider(services: new() { CredentialsStore = store, TimeProvider = time });

        AccessToken token = await provider.GetAccessTokenAsync(TestContext.Current.CancellationToken);

        login.Server.IsAccepted(token.Value).Should().BeTrue();
        login.Server.Books.TokenRequests.Should().Be(2);
        login.Server.Books.Reuses.Should().Be(0);
        login.Server.ReceivedTokenRequests.Select(r => r.Parameters["refresh_token"]).Should().OnlyHaveUniqueItems();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [FailureMode("F4")]
    public async Task A_newer_refresh_token_beside_the_same_access_token_is_the_one_that_is_presented(bool afterRejection)
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        IssuedLogin first = login.Login;
        IssuedLogin second = login.Server.IssueLogin();
        using var store = new InterruptedStore(login.CreateStore(), () =>
        {
            login.Store(
                new IssuedLogin(second.Id, new OAuthCredentials(first.AccessToken, second.RefreshToken)),
                DateTimeOffset.UnixEpoch.AddYears(50));
            return Task.CompletedTask;
        });
        CoordinatedTokenProvider provider = login.CreateProvider(services: new() { CredentialsStore = store });

        AccessToken token = afterRejection
            ? await provider.RefreshAccessTokenAsync(new AccessToken(first.AccessToken), TestContext.Current.CancellationToken)
            : await provider.GetAccessTokenAsync(TestContext.Current.CancellationToken);

        token.Value.Should().NotBe(first.AccessToken);
        login.Server.ReceivedTokenRequests.Should().ContainSingle().Which.Parameters["refresh_token"].Should().Be(second.RefreshToken);
    }

    [Fact]
    [FailureMode("F22", "F87")]
    public async Task A_save_under_a_new_lock_file_between_the_reads_of_file_and_record_is_no_roll_back()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows lets no one delete an open lock file.");
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        using FileCredentialsStore otherProcess = login.CreateStore(locks: new SharedFileLocks());
        CoordinatedTokenProvider rival = login.CreateProvider(services: new() { CredentialsStore = otherProcess });
        using FileCredentialsStore own = login.CreateStore();
        using var store = new OvertakenStore(own, async () =>
        {
            File.Delete(login.LockPath);
            await rival.GetAccessTokenAsync(cancellation);
        });
        CoordinatedTokenProvider provider = login.CreateProvider(services: new() { CredentialsStore = store });

        AccessToken token = await provider.GetAccessTokenAsync(cancellation);

        token.Value.Should().Be((await rival.GetAccessTokenAsync(cancellation)).Value);
        login.Server.Books.TokenRequests.Should().Be(1);
    }

    /// <summary>A store under whose first lease something happens right after the first read.</summary>
    private sealed class OvertakenStore(ICredentialsStore inner, Func<Task> afterRead) : StoreDecorator(inner)
    {
        private Func<Task>? _afterRead = afterRead;

        protected override ICredentialsLease Wrap(ICredentialsLease lease) => new Lease(lease, this);

        private sealed class Lease(ICredentialsLease inner, OvertakenStore store) : LeaseDecorator(inner)
        {
            public override async ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default)
            {
                OAuthCredentials? stored = await base.ReadAsync(cancellationToken);
                Func<Task>? happening = store._afterRead;
                store._afterRead = null;
                await (happening?.Invoke() ?? Task.CompletedTask);
                return stored;
            }
        }
    }
}
