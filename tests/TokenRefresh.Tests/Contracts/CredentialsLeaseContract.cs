using FluentAssertions;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Contracts;

/// <summary>
/// The part of the contract that is about exclusion, waiting and the coordination record. A store's tests derive from this one, and so from
/// both.
/// </summary>
public abstract class CredentialsLeaseContract : CredentialsStoreContract
{
    private static readonly TimeSpan RealPatience = TimeSpan.FromSeconds(60);

    [Fact]
    [FailureMode("F8")]
    public async Task Two_instances_on_one_medium_exclude_each_other()
    {
        ICredentialsStore store = await OpenAsync();
        ICredentialsStore other = await OpenAsync();
        await using ICredentialsLease lease = await AcquireAsync(store);

        ICredentialsLease? second = await other.AcquireLeaseAsync(TimeSpan.Zero, Cancellation);

        second.Should().BeNull();
    }

    [Fact]
    public async Task One_instance_excludes_itself()
    {
        ICredentialsStore store = await OpenAsync();
        await using ICredentialsLease lease = await AcquireAsync(store);

        ICredentialsLease? second = await store.AcquireLeaseAsync(TimeSpan.Zero, Cancellation);

        second.Should().BeNull();
    }

    [Fact]
    public async Task A_lease_is_granted_again_after_disposal()
    {
        ICredentialsStore store = await OpenAsync();
        ICredentialsStore other = await OpenAsync();
        ICredentialsLease lease = await AcquireAsync(store);

        await lease.DisposeAsync();

        await using ICredentialsLease? second = await other.AcquireLeaseAsync(TimeSpan.Zero, Cancellation);
        second.Should().NotBeNull();
    }

    [Fact]
    public async Task Disposing_a_lease_twice_does_not_release_its_successor()
    {
        ICredentialsStore store = await OpenAsync();
        ICredentialsLease lease = await AcquireAsync(store);
        await lease.DisposeAsync();
        await using ICredentialsLease successor = await AcquireAsync(store);

        await lease.DisposeAsync();

        (await store.AcquireLeaseAsync(TimeSpan.Zero, Cancellation)).Should().BeNull();
    }

    [Fact]
    public async Task A_release_wakes_a_waiter_without_the_clock()
    {
        ICredentialsStore store = await OpenAsync();
        ICredentialsStore other = await OpenAsync();
        ICredentialsLease lease = await AcquireAsync(store);
        Task<ICredentialsLease?> waiting = other.AcquireLeaseAsync(TimeSpan.FromMinutes(1), Cancellation).AsTask();
        waiting.IsCompleted.Should().BeFalse();

        await lease.DisposeAsync();

        await using ICredentialsLease? granted = await waiting.WaitAsync(RealPatience, TimeProvider.System, Cancellation);
        granted.Should().NotBeNull();
        Time.Elapsed.Should().Be(TimeSpan.Zero);
    }

    [Fact]
    public async Task Every_waiter_is_granted_the_lease_in_turn_and_never_two_at_once()
    {
        ICredentialsStore[] stores = [await OpenAsync(), await OpenAsync(), await OpenAsync()];
        int holders = 0;
        int overlaps = 0;
        async Task HoldAsync(ICredentialsStore store)
        {
            await using ICredentialsLease lease = await AcquireAsync(store);
            overlaps += Interlocked.Increment(ref holders) == 1 ? 0 : 1;
            await Task.Yield();
            await lease.ReadAsync(Cancellation);
            Interlocked.Decrement(ref holders);
        }

        await Task.WhenAll(Enumerable.Range(0, 30).Select(i => Task.Run(() => HoldAsync(stores[i % stores.Length]), Cancellation)));

        overlaps.Should().Be(0);
    }

    [Fact]
    public async Task Waiting_for_a_lease_ends_with_nothing_when_the_time_is_over()
    {
        ICredentialsStore store = await OpenAsync();
        ICredentialsStore other = await OpenAsync();
        await using ICredentialsLease lease = await AcquireAsync(store);
        Task<ICredentialsLease?> waiting = other.AcquireLeaseAsync(TimeSpan.FromSeconds(5), Cancellation).AsTask();

        await Time.AdvanceUntilAsync(waiting, TimeSpan.FromSeconds(1));

        (await waiting).Should().BeNull();
        Time.Elapsed.Should().BeGreaterThanOrEqualTo(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task A_wait_that_timed_out_leaves_no_lease_behind()
    {
        ICredentialsStore store = await OpenAsync();
        ICredentialsStore other = await OpenAsync();
        ICredentialsLease lease = await AcquireAsync(store);
        Task<ICredentialsLease?> waiting = other.AcquireLeaseAsync(TimeSpan.FromSeconds(5), Cancellation).AsTask();
        await Time.AdvanceUntilAsync(waiting, TimeSpan.FromSeconds(1));

        await lease.DisposeAsync();

        await using ICredentialsLease again = await AcquireAsync(store);
        again.Should().NotBeNull();
    }

    [Fact]
    [FailureMode("F30")]
    public async Task A_cancelled_wait_ends_at_once_and_leaves_no_lease_behind()
    {
        ICredentialsStore store = await OpenAsync();
        ICredentialsStore other = await OpenAsync();
        ICredentialsLease lease = await AcquireAsync(store);
        using var cancelled = new CancellationTokenSource();
        Task<ICredentialsLease?> waiting = other.AcquireLeaseAsync(TimeSpan.FromMinutes(1), cancelled.Token).AsTask();

        await cancelled.CancelAsync();

        Func<Task> act = () => waiting.WaitAsync(RealPatience, TimeProvider.System, Cancellation);
        await act.Should().ThrowAsync<OperationCanceledException>();
        await lease.DisposeAsync();
        await using ICredentialsLease again = await AcquireAsync(other);
        again.Should().NotBeNull();
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
        Func<Task> act = () => leaving;
        await act.Should().ThrowAsync<OperationCanceledException>();
        await lease.DisposeAsync();

        await using ICredentialsLease? granted = await staying.WaitAsync(RealPatience, TimeProvider.System, Cancellation);
        granted.Should().NotBeNull();
    }

    [Fact]
    public async Task A_call_that_is_cancelled_before_it_starts_gets_no_lease()
    {
        ICredentialsStore store = await OpenAsync();
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();

        Func<Task> act = async () => await store.AcquireLeaseAsync(TimeSpan.FromMinutes(1), cancelled.Token);

        await act.Should().ThrowAsync<OperationCanceledException>();
        await using ICredentialsLease? lease = await store.AcquireLeaseAsync(TimeSpan.Zero, Cancellation);
        lease.Should().NotBeNull();
    }

    [Fact]
    [FailureMode("F23")]
    public async Task Everything_can_be_read_while_another_instance_holds_the_lease()
    {
        ICredentialsStore store = await StoreAsync(First);
        ICredentialsStore other = await OpenAsync();
        await using ICredentialsLease lease = await AcquireAsync(store);
        await lease.PrepareAsync(Cancellation);

        OAuthCredentials? stored = await other.ReadAsync(Cancellation).AsTask().WaitAsync(RealPatience, TimeProvider.System, Cancellation);

        ShouldBe(stored, First);
        await other.ReadRecordAsync(Cancellation).AsTask().WaitAsync(RealPatience, TimeProvider.System, Cancellation);
    }

    [Fact]
    public async Task The_holder_is_named_while_the_lease_is_held()
    {
        ICredentialsStore store = await OpenAsync();
        ICredentialsStore other = await OpenAsync();
        ICredentialsLease lease = await AcquireAsync(store);

        LockHolder? holder = await other.ReadHolderAsync(Cancellation);

        holder.Should().NotBeNull();
        holder!.ProcessId.Should().Be(Environment.ProcessId);
        holder.ProcessName.Should().NotBeNullOrEmpty();
        holder.Since.Should().Be(Time.GetUtcNow());
        await lease.DisposeAsync();
        (await other.ReadHolderAsync(Cancellation)).Should().BeNull();
    }

    [Fact]
    public async Task A_commit_of_another_instance_completes_a_wait_for_change()
    {
        ICredentialsStore store = await StoreAsync(First);
        ICredentialsStore other = await OpenAsync();

        // Armed when the call returns: nothing but the call itself comes between watch and commit.
        Task change = other.WaitForChangeAsync(Cancellation);
        await CommitAsync(store, First, Second);

        await change.WaitAsync(RealPatience, TimeProvider.System, Cancellation);
        ShouldBe(await other.ReadAsync(Cancellation), Second);
    }

    [Fact]
    public async Task A_change_wakes_all_who_wait_for_it()
    {
        ICredentialsStore store = await StoreAsync(First);
        ICredentialsStore other = await OpenAsync();

        Task[] changes =
        [
            store.WaitForChangeAsync(Cancellation), other.WaitForChangeAsync(Cancellation), other.WaitForChangeAsync(Cancellation),
        ];
        await CommitAsync(store, First, Second);

        await Task.WhenAll(changes).WaitAsync(RealPatience, TimeProvider.System, Cancellation);
    }

    [Fact]
    public async Task A_cancelled_wait_for_change_ends_and_the_next_one_works()
    {
        ICredentialsStore store = await StoreAsync(First);
        using var cancelled = new CancellationTokenSource();
        Task change = store.WaitForChangeAsync(cancelled.Token);

        await cancelled.CancelAsync();

        Func<Task> act = () => change.WaitAsync(RealPatience, TimeProvider.System, Cancellation);
        await act.Should().ThrowAsync<OperationCanceledException>();
        Task next = store.WaitForChangeAsync(Cancellation);
        await CommitAsync(store, First, Second);
        await next.WaitAsync(RealPatience, TimeProvider.System, Cancellation);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(65_536)]
    public async Task A_record_is_read_as_it_was_written(int length)
    {
        ICredentialsStore store = await OpenAsync();
        ICredentialsStore other = await OpenAsync();
        byte[] record = Record(length, seed: 1);
        await using ICredentialsLease lease = await AcquireAsync(store);

        await WriteAsync(lease, record);

        (await other.ReadRecordAsync(Cancellation)).ToArray().Should().Equal(record);
    }

    [Fact]
    public async Task The_last_record_counts_and_outlives_lease_and_login()
    {
        ICredentialsStore store = await StoreAsync(First);
        byte[] last = Record(100, seed: 3);
        await using (ICredentialsLease lease = await AcquireAsync(store))
        {
            await WriteAsync(lease, Record(4_000, seed: 2));
            await WriteAsync(lease, last);
        }

        await CommitAsync(store, First, Second);
        await CommitAsync(store, Second, next: null);

        (await (await OpenAsync()).ReadRecordAsync(Cancellation)).ToArray().Should().Equal(last);
    }

    [Fact]
    public async Task A_record_that_is_too_large_is_refused_and_the_old_one_stays()
    {
        ICredentialsStore store = await OpenAsync();
        byte[] record = Record(10, seed: 4);
        await using ICredentialsLease lease = await AcquireAsync(store);
        await WriteAsync(lease, record);

        Func<Task> act = async () => await WriteAsync(lease, Record(65_537, seed: 5));

        await act.Should().ThrowAsync<ArgumentException>();
        (await store.ReadRecordAsync(Cancellation)).ToArray().Should().Equal(record);
    }

    [Fact]
    public async Task A_damaged_record_reads_as_empty_and_can_be_written_again()
    {
        ICredentialsStore store = await OpenAsync();
        byte[] record = Record(10, seed: 6);
        await using (ICredentialsLease lease = await AcquireAsync(store))
        {
            await WriteAsync(lease, record);
        }

        Assert.SkipUnless(await TryDamageRecordAsync(), "This medium cannot be damaged from outside.");

        (await store.ReadRecordAsync(Cancellation)).Length.Should().Be(0);
        await using ICredentialsLease next = await AcquireAsync(await OpenAsync());
        await WriteAsync(next, record);
        (await store.ReadRecordAsync(Cancellation)).ToArray().Should().Equal(record);
    }

    private static ValueTask WriteAsync(ICredentialsLease lease, byte[] record) =>
        lease.WriteRecordAsync(record, durable: true, Cancellation);

    private static byte[] Record(int length, byte seed) => [.. Enumerable.Range(0, length).Select(i => (byte)((i * 31) + seed))];
}
