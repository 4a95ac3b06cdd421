using Xunit;

namespace TokenRefresh.Testing;

public abstract partial class CredentialsStoreConformanceTests
{
    [Fact]
    public async Task Two_instances_on_one_medium_exclude_each_other()
    {
        ICredentialsStore store = await OpenAsync();
        ICredentialsStore other = await OpenAsync();
        await using ICredentialsLease lease = await AcquireAsync(store);

        ICredentialsLease? second = await TryAcquireAsync(other);

        Assert.Null(second);
    }

    [Fact]
    public async Task One_instance_excludes_itself()
    {
        ICredentialsStore store = await OpenAsync();
        await using ICredentialsLease lease = await AcquireAsync(store);

        ICredentialsLease? second = await TryAcquireAsync(store);

        Assert.Null(second);
    }

    [Fact]
    public async Task A_lease_is_granted_again_after_disposal()
    {
        ICredentialsStore store = await OpenAsync();
        ICredentialsStore other = await OpenAsync();
        ICredentialsLease lease = await AcquireAsync(store);

        await lease.DisposeAsync();

        await using ICredentialsLease? second = await TryAcquireAsync(other);
        Assert.NotNull(second);
    }

    [Fact]
    public async Task Disposing_a_lease_twice_does_not_release_its_successor()
    {
        ICredentialsStore store = await OpenAsync();
        ICredentialsLease lease = await AcquireAsync(store);
        await lease.DisposeAsync();
        await using ICredentialsLease successor = await AcquireAsync(store);

        await lease.DisposeAsync();

        Assert.Null(await TryAcquireAsync(store));
    }

    [Fact]
    public async Task A_release_lets_a_waiter_go_on()
    {
        ICredentialsStore store = await OpenAsync();
        ICredentialsStore other = await OpenAsync();
        ICredentialsLease lease = await AcquireAsync(store);
        Task<ICredentialsLease?> waiting = other.AcquireLeaseAsync(TimeSpan.FromMinutes(1), Cancellation).AsTask();
        Assert.False(waiting.IsCompleted);

        await lease.DisposeAsync();

        await using ICredentialsLease? granted = await EndAsync(waiting);
        Assert.NotNull(granted);
    }

    [Fact]
    public async Task Every_waiter_is_granted_the_lease_in_turn_and_never_two_at_once()
    {
        ICredentialsStore[] stores = [await OpenAsync(), await OpenAsync(), await OpenAsync()];
        int overlaps = 0;
        async Task HoldAsync(int i)
        {
            await using ICredentialsLease lease = await AcquireAsync(stores[i % stores.Length]);
            await using ICredentialsLease? second = await TryAcquireAsync(stores[(i + 1) % stores.Length]);
            overlaps += second is null ? 0 : 1;
        }

        await Task.WhenAll(Enumerable.Range(0, 15).Select(i => Task.Run(() => HoldAsync(i), Cancellation)));

        Assert.Equal(0, overlaps);
    }

    [Fact]
    public async Task Waiting_for_a_lease_ends_with_nothing_when_the_time_is_over()
    {
        ICredentialsStore store = await OpenAsync();
        ICredentialsStore other = await OpenAsync();
        await using ICredentialsLease lease = await AcquireAsync(store);
        long start = TimeProvider.GetTimestamp();

        ICredentialsLease? second = await EndAsync(other.AcquireLeaseAsync(Limit, Cancellation));

        Assert.Null(second);
        Assert.True(TimeProvider.GetElapsedTime(start) >= Limit - ClockTick, "The wait ended before its time was over.");
    }

    [Fact]
    public async Task A_wait_that_timed_out_leaves_no_lease_behind()
    {
        ICredentialsStore store = await OpenAsync();
        ICredentialsStore other = await OpenAsync();
        ICredentialsLease lease = await AcquireAsync(store);
        await EndAsync(other.AcquireLeaseAsync(Limit, Cancellation));

        await lease.DisposeAsync();

        await using ICredentialsLease again = await AcquireAsync(store);
        Assert.NotNull(again);
    }

    [Fact]
    public async Task A_cancelled_wait_ends_at_once_and_leaves_no_lease_behind()
    {
        ICredentialsStore store = await OpenAsync();
        ICredentialsStore other = await OpenAsync();
        ICredentialsLease lease = await AcquireAsync(store);
        using var cancelled = new CancellationTokenSource();
        Task<ICredentialsLease?> waiting = other.AcquireLeaseAsync(TimeSpan.FromMinutes(1), cancelled.Token).AsTask();

        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => EndAsync(waiting));
        await lease.DisposeAsync();
        await using ICredentialsLease again = await AcquireAsync(other);
        Assert.NotNull(again);
    }

    [Fact]
    public async Task Cancelling_one_waiter_leaves_the_others_waiting()
    {
        ICredentialsStore store = await OpenAsync();
        ICredentialsLease lease = await AcquireAsync(store);
        using var cancelled = new CancellationTokenSource();
        Task<ICredentialsLease?> leaving = store.AcquireLeaseAsync(TimeSpan.FromMinutes(1), cancelled.Token).AsTask();
        Task<ICredentialsLease?> staying = store.AcquireLeaseAsync(TimeSpan.FromMinutes(1), Cancellation).AsTask();

        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => EndAsync(leaving));
        await lease.DisposeAsync();

        await using ICredentialsLease? granted = await EndAsync(staying);
        Assert.NotNull(granted);
    }

    [Fact]
    public async Task A_call_that_is_cancelled_before_it_starts_gets_no_lease()
    {
        ICredentialsStore store = await OpenAsync();
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await store.AcquireLeaseAsync(TimeSpan.FromMinutes(1), cancelled.Token));

        await using ICredentialsLease? lease = await TryAcquireAsync(store);
        Assert.NotNull(lease);
    }

    [Fact]
    public async Task Everything_can_be_read_while_another_instance_holds_the_lease()
    {
        ICredentialsStore store = await OpenWithAsync(First);
        ICredentialsStore other = await OpenAsync();
        await using ICredentialsLease lease = await AcquireAsync(store);
        await EndAsync(lease.PrepareAsync(Cancellation));

        OAuthCredentials? stored = await ReadAsync(other);

        AssertIs(First, stored);
        Assert.Empty(await ReadRecordAsync(other));
    }

    [Fact]
    public async Task The_holder_is_named_while_the_lease_is_held()
    {
        ICredentialsStore store = await OpenAsync();
        ICredentialsStore other = await OpenAsync();
        DateTimeOffset before = TimeProvider.GetUtcNow();
        ICredentialsLease lease = await AcquireAsync(store);

        LockHolder? holder = await EndAsync(other.ReadHolderAsync(Cancellation));

        Assert.SkipWhen(holder is null, "This medium does not tell who holds the lease.");
        Assert.Equal(Environment.ProcessId, holder.ProcessId);
        Assert.NotEmpty(holder.ProcessName);
        Assert.InRange(holder.Since, before.AddSeconds(-1), TimeProvider.GetUtcNow().AddSeconds(1));
        await lease.DisposeAsync();
        Assert.Null(await EndAsync(other.ReadHolderAsync(Cancellation)));
    }

    [Fact]
    public async Task The_right_to_sign_in_is_one_s_alone_and_not_the_lease()
    {
        ICredentialsStore store = await OpenAsync();
        ICredentialsStore other = await OpenAsync();
        IAsyncDisposable? right = await EndAsync(store.AcquireSignInLeaseAsync(Cancellation));
        Assert.SkipWhen(right is null, "This medium has no right to sign in.");
        using var cancelled = new CancellationTokenSource();
        Task<IAsyncDisposable?> leaving = other.AcquireSignInLeaseAsync(cancelled.Token).AsTask();
        Task<IAsyncDisposable?> waiting = other.AcquireSignInLeaseAsync(Cancellation).AsTask();

        await using (ICredentialsLease lease = await AcquireAsync(other))
        {
            await cancelled.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => EndAsync(leaving));
        }

        Assert.False(waiting.IsCompleted, "Two have the right to sign in at the same time.");
        await right.DisposeAsync();
        await using IAsyncDisposable? next = await EndAsync(waiting);
        Assert.NotNull(next);
    }

    [Fact]
    public async Task A_commit_of_another_instance_completes_a_wait_for_change()
    {
        ICredentialsStore store = await OpenWithAsync(First);
        ICredentialsStore other = await OpenAsync();

        // Armed when the call returns: nothing but the call itself comes between watch and commit.
        Task change = other.WaitForChangeAsync(Cancellation);
        await CommitAsync(store, First, Second);

        await EndAsync(change);
        AssertIs(Second, await ReadAsync(other));
    }

    [Fact]
    public async Task A_change_wakes_all_who_wait_for_it()
    {
        ICredentialsStore store = await OpenWithAsync(First);
        ICredentialsStore other = await OpenAsync();

        Task[] changes =
        [
            store.WaitForChangeAsync(Cancellation), other.WaitForChangeAsync(Cancellation), other.WaitForChangeAsync(Cancellation),
        ];
        await CommitAsync(store, First, Second);

        await EndAsync(Task.WhenAll(changes));
    }

    [Fact]
    public async Task A_cancelled_wait_for_change_ends_and_the_next_one_works()
    {
        ICredentialsStore store = await OpenWithAsync(First);
        for (var tries = 1; ; tries++)
        {
            using var cancelled = new CancellationTokenSource();
            Task change = store.WaitForChangeAsync(cancelled.Token);
            await cancelled.CancelAsync();
            try
            {
                await EndAsync(change);
            }
            catch (OperationCanceledException)
            {
                break;
            }

            // A store may end a wait now and then, also in the moment before it is cancelled.
            Assert.True(tries < 10, "Ten waits in a row that were cancelled ended as if a change had come.");
        }

        Task next = store.WaitForChangeAsync(Cancellation);
        await CommitAsync(store, First, Second);
        await EndAsync(next);
    }
}
