using FluentAssertions;
using TokenRefresh.PostgreSql.Tests.Support;

namespace TokenRefresh.PostgreSql.Tests;

/// <summary>What <c>docs/postgresql.md</c> says it costs, measured here.</summary>
public sealed class FiguresTests(PostgreSqlServer server, ITestOutputHelper output)
{
    private const int Rounds = 41;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Reads_refreshes_notices_and_hand_offs_take_milliseconds()
    {
        server.SkipIfMissing();
        await using var row = new Row(server);
        PostgreSqlCredentialsStore one = row.NewStore();
        PostgreSqlCredentialsStore other = row.NewStore();
        long first = TimeProvider.System.GetTimestamp();
        await using (await Row.AcquireAsync(one))
        {
            output.WriteLine($"first lease {TimeProvider.System.GetElapsedTime(first).TotalMilliseconds:F1} ms");
        }

        OAuthCredentials? stored = null;
        await MeasureAsync("read", async _ => await one.ReadAsync(Cancellation));
        await MeasureAsync("lease, preparation, attempt, save, record, release", async round =>
        {
            var next = new OAuthCredentials($"a{round}", $"r{round}", DateTimeOffset.MaxValue);
            await using ICredentialsLease lease = await Row.AttemptAsync(one);
            (await lease.CommitAsync(stored, next, Cancellation)).IsCommitted.Should().BeTrue();
            await lease.WriteRecordAsync("record"u8.ToArray(), durable: false, Cancellation);
            stored = next;
        });
        await MeasureAsync("hand-off to a waiter", async _ =>
        {
            ICredentialsLease lease = await Row.AcquireAsync(one);
            Task<ICredentialsLease?> waiting = other.AcquireLeaseAsync(TimeSpan.FromMinutes(1), Cancellation).AsTask();
            (await other.AcquireLeaseAsync(TimeSpan.Zero, Cancellation)).Should().BeNull();
            (await other.ReadRecordAsync(Cancellation)).Length.Should().BePositive();
            long start = TimeProvider.System.GetTimestamp();
            await lease.DisposeAsync();
            await (await waiting)!.DisposeAsync();
            return start;
        });
    }

    private Task MeasureAsync(string what, Func<int, Task> act) => MeasureAsync(what, async round =>
    {
        long start = TimeProvider.System.GetTimestamp();
        await act(round);
        return start;
    });

    private async Task MeasureAsync(string what, Func<int, Task<long>> act)
    {
        var times = new List<double>();
        for (var round = 0; round < Rounds; round++)
        {
            times.Add(TimeProvider.System.GetElapsedTime(await act(round)).TotalMilliseconds);
        }

        times.Sort();
        output.WriteLine($"{what} {times[Rounds / 2]:F2} ms in the median, {times[^1]:F1} ms at most");
    }
}
