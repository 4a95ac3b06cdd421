using FluentAssertions;
using TokenRefresh.Endpoint;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;

namespace TokenRefresh.Tests.Refresh;

/// <summary>What goes on after the transaction it belongs to has ended, or read before it began.</summary>
public sealed class LateHookTests
{
    [Fact]
    [FailureMode("F98")]
    public async Task A_client_that_announces_after_it_has_answered_is_told_to_send_nothing()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        TokenRequest? late = null;
        var client = new AnsweringClient(request =>
        {
            late = request;
            return new(TokenEndpointResult.Failure(TokenEndpointOutcome.NotSent, null));
        });
        CoordinatedTokenProvider provider = login.CreateProvider(services: new() { TokenEndpointClient = client });
        await provider.Awaiting(p => p.GetAccessTokenAsync().AsTask()).Should().ThrowAsync<TokenEndpointUnavailableException>();
        byte[] before = await File.ReadAllBytesAsync(login.LockPath);

        Func<Task> announce = () => late!.BeforeSendAsync().AsTask();

        await announce.Should().ThrowAsync<InvalidOperationException>().WithMessage("*nothing may be sent*");
        (await File.ReadAllBytesAsync(login.LockPath)).Should().Equal(before, "the lock may be another process's by now");
    }

    [Fact]
    [FailureMode("F22", "F87")]
    public async Task A_status_that_was_read_before_a_refresh_does_not_make_it_forgotten()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        using var store = new GatedRecordStore(login.CreateStore());
        CoordinatedTokenProvider provider = login.CreateProvider(services: new() { CredentialsStore = store });
        await provider.StoreAsync(new OAuthCredentials(login.Login.AccessToken, login.Login.RefreshToken, DateTimeOffset.UnixEpoch));
        byte[] used = await File.ReadAllBytesAsync(login.Path);
        Task<TokenRefreshStatus> status = store.ParkNextAsync(() => provider.GetStatusAsync().AsTask());
        await store.HasRead;
        AccessToken token = await provider.RefreshAccessTokenAsync(new AccessToken(login.Login.AccessToken));

        store.Release();
        await status;
        File.Delete(login.LockPath);
        await File.WriteAllBytesAsync(login.Path, used);
        await Xunit.Record.ExceptionAsync(() => provider.RefreshAccessTokenAsync(token).AsTask());

        login.Server.Books.Should().BeEquivalentTo(new { Reuses = 0, FamiliesRevoked = 0 });
    }

    /// <summary>Keeps one read of the record back after it was made.</summary>
    private sealed class GatedRecordStore(ICredentialsStore inner) : StoreDecorator(inner)
    {
        private readonly TaskCompletionSource _hasRead = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _toPark;

        internal Task HasRead => _hasRead.Task;

        public override async ValueTask<ReadOnlyMemory<byte>> ReadRecordAsync(CancellationToken cancellationToken = default)
        {
            ReadOnlyMemory<byte> record = await base.ReadRecordAsync(cancellationToken);
            if (Interlocked.Exchange(ref _toPark, 0) == 1)
            {
                _hasRead.SetResult();
                await _released.Task;
            }

            return record;
        }

        internal Task<T> ParkNextAsync<T>(Func<Task<T>> act)
        {
            _toPark = 1;
            return act();
        }

        internal void Release() => _released.SetResult();
    }
}
