using Xunit;

namespace TokenRefresh.Testing;

public abstract partial class CredentialsStoreConformanceTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(65_536)]
    public async Task A_record_is_read_as_it_was_written(int length)
    {
        ICredentialsStore store = await OpenAsync();
        ICredentialsStore other = await OpenAsync();
        byte[] record = Bytes(length, seed: 1);
        await using ICredentialsLease lease = await AcquireAsync(store);

        await WriteAsync(lease, record);

        Assert.Equal(record, await ReadRecordAsync(other));
    }

    [Fact]
    public async Task The_last_record_counts_and_outlives_lease_and_login()
    {
        ICredentialsStore store = await OpenWithAsync(First);
        byte[] last = Bytes(100, seed: 3);
        await using (ICredentialsLease lease = await AcquireAsync(store))
        {
            await WriteAsync(lease, Bytes(4_000, seed: 2));
            await WriteAsync(lease, last);
        }

        await CommitAsync(store, First, Second);
        await CommitAsync(store, Second, next: null);

        Assert.Equal(last, await ReadRecordAsync(await OpenAsync()));
    }

    [Fact]
    public async Task A_record_that_is_too_large_is_refused_and_the_old_one_stays()
    {
        ICredentialsStore store = await OpenAsync();
        byte[] record = Bytes(10, seed: 4);
        await using ICredentialsLease lease = await AcquireAsync(store);
        await WriteAsync(lease, record);

        await Assert.ThrowsAnyAsync<ArgumentException>(() => WriteAsync(lease, Bytes(65_537, seed: 5)));

        Assert.Equal(record, await ReadRecordAsync(store));
    }

    [Fact]
    public async Task A_damaged_record_reads_as_empty_and_can_be_written_again()
    {
        ICredentialsStore store = await OpenAsync();
        byte[] record = Bytes(10, seed: 6);
        await using (ICredentialsLease lease = await AcquireAsync(store))
        {
            await WriteAsync(lease, record);
        }

        Assert.SkipUnless(await TryDamageRecordAsync(await MediumAsync()), "This medium cannot be damaged from outside.");

        Assert.Empty(await ReadRecordAsync(store));
        await using ICredentialsLease next = await AcquireAsync(await OpenAsync());
        await WriteAsync(next, record);
        Assert.Equal(record, await ReadRecordAsync(store));
    }

    internal static byte[] Bytes(int length, int seed) => [.. Enumerable.Range(0, length).Select(i => (byte)((i * 31) + seed))];

    private Task WriteAsync(ICredentialsLease lease, byte[] record) =>
        EndAsync(lease.WriteRecordAsync(record, durable: true, Cancellation).AsTask());
}
