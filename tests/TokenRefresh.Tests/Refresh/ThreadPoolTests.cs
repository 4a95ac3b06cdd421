using FluentAssertions;
using TokenRefresh.Locking;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;

namespace TokenRefresh.Tests.Refresh;

/// <summary>Alone in its collection, since the pool's limits are those of the process.</summary>
[CollectionDefinition("the thread pool's limits", DisableParallelization = true)]
[Collection("the thread pool's limits")]
public sealed class ThreadPoolTests
{
    [Fact]
    [FailureMode("F68")]
    public async Task Two_hundred_waiters_behind_a_foreign_lock_leave_a_pool_that_cannot_grow_free_to_work()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        using LockFile foreign = LockFile.Open(login.LockPath, login.Path);
        foreign.TryAcquire().Should().BeTrue();
        CoordinatedTokenProvider[] providers = [.. Enumerable.Range(0, 20).Select(_ => login.CreateProvider())];
        ThreadPool.GetMinThreads(out int minWorkers, out int minPorts);
        ThreadPool.GetMaxThreads(out int maxWorkers, out int maxPorts);
        int few = Math.Max(2, Environment.ProcessorCount);
        ThreadPool.SetMinThreads(2, minPorts).Should().BeTrue();
        ThreadPool.SetMaxThreads(few, maxPorts).Should().BeTrue();
        try
        {
            Task<AccessToken>[] waiters =
            [
                .. providers.SelectMany(p => Enumerable.Range(0, 10).Select(_ => p.GetAccessTokenAsync().AsTask())),
            ];

            // Twice through the pool: if the refreshes blocked its threads, nothing behind them would ever run.
            for (int i = 0; i < 100; i++)
            {
                await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Task.Run(() => { }))).WaitAsync(TimeSpan.FromSeconds(20));
            }

            waiters.Should().NotContain(waiter => waiter.IsCompleted);
            foreign.Release();
            AccessToken[] tokens = await Task.WhenAll(waiters).WaitAsync(TimeSpan.FromSeconds(20));

            tokens.Select(token => token.Value).Distinct().Should().ContainSingle();
            login.Server.Books.TokenRequests.Should().Be(1);
        }
        finally
        {
            ThreadPool.SetMaxThreads(maxWorkers, maxPorts);
            ThreadPool.SetMinThreads(minWorkers, minPorts);
        }
    }
}
