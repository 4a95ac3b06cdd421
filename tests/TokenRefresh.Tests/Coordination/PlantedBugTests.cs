using FluentAssertions;
using FluentAssertions.Execution;

namespace TokenRefresh.Tests.Coordination;

/// <summary>Three ways to get it wrong that the main assertion must notice: a test that cannot fail proves nothing.</summary>
public sealed class PlantedBugTests
{
    [Fact]
    [Trait("FailureMode", "F1")]
    [Trait("FailureMode", "F2")]
    [Trait("FailureMode", "F3")]
    [Trait("FailureMode", "F58")]
    public async Task The_library_itself_passes() => await OneRefreshPerExpiry.AssertAsync();

    [Fact]
    [Trait("FailureMode", "F3")]
    public async Task Skipping_the_read_under_the_lock_is_noticed()
    {
        Func<Task> act = () => OneRefreshPerExpiry.AssertAsync(store => new StaleReadStore(store));

        (await act.Should().ThrowAsync<AssertionFailedException>()).Which.Message.Should().Contain("no refresh token may be presented twice");
    }

    [Fact]
    [Trait("FailureMode", "F2")]
    public async Task Releasing_before_the_save_is_noticed()
    {
        Func<Task> act = () => OneRefreshPerExpiry.AssertAsync(store => new EarlyReleaseStore(store));

        (await act.Should().ThrowAsync<AssertionFailedException>()).Which.Message.Should().Contain("no refresh token may be presented twice");
    }

    [Fact]
    [Trait("FailureMode", "F58")]
    public async Task Ignoring_which_token_was_rejected_is_noticed()
    {
        Func<Task> act = () => OneRefreshPerExpiry.AssertAsync(decorateProvider: provider => new CachedTokenRejectingProvider(provider));

        (await act.Should().ThrowAsync<AssertionFailedException>()).Which.Message.Should().Contain("each expiry costs one token request");
    }

    /// <summary>Shows a lease what was read before it was granted: pair and record.</summary>
    private sealed class StaleReadStore(ICredentialsStore inner) : StoreDecorator(inner)
    {
        private OAuthCredentials? _stored;
        private ReadOnlyMemory<byte> _record;
        private bool _isLeased;

        public override async ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default) => _stored = await Inner.ReadAsync(cancellationToken);

        public override async ValueTask<ReadOnlyMemory<byte>> ReadRecordAsync(CancellationToken cancellationToken = default) =>
            _isLeased ? _record : _record = await Inner.ReadRecordAsync(cancellationToken);

        protected override ICredentialsLease Wrap(ICredentialsLease lease)
        {
            _isLeased = true;
            return new Lease(lease, this);
        }

        private sealed class Lease(ICredentialsLease inner, StaleReadStore store) : LeaseDecorator(inner)
        {
            public override ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default) => new(store._stored);
        }
    }

    /// <summary>Gives the lock back as soon as there is something to save, and saves without it.</summary>
    private sealed class EarlyReleaseStore(ICredentialsStore inner) : StoreDecorator(inner)
    {
        protected override ICredentialsLease Wrap(ICredentialsLease lease) => new Lease(lease);

        private sealed class Lease(ICredentialsLease inner) : LeaseDecorator(inner)
        {
            public override async ValueTask<CredentialsCommit> CommitAsync(OAuthCredentials? expected, OAuthCredentials? next, CancellationToken cancellationToken = default)
            {
                await Inner.DisposeAsync();
                return await base.CommitAsync(expected, next, cancellationToken);
            }
        }
    }

    /// <summary>Takes every 401 for one of the token it has cached.</summary>
    private sealed class CachedTokenRejectingProvider(CoordinatedTokenProvider inner) : ITokenProvider
    {
        public ValueTask<AccessToken> GetAccessTokenAsync(CancellationToken cancellationToken = default) => inner.GetAccessTokenAsync(cancellationToken);

        public async ValueTask<AccessToken> RefreshAccessTokenAsync(AccessToken rejected, CancellationToken cancellationToken = default) =>
            await inner.RefreshAccessTokenAsync(await inner.GetAccessTokenAsync(cancellationToken), cancellationToken);
    }
}
