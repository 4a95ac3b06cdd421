using FluentAssertions;
using TokenRefresh.TestKit;

namespace TokenRefresh.ProcessTests;

/// <summary>Callers that block the threads of the pool, of which the refresh they wait for may need some.</summary>
public sealed class SynchronousSenderTests
{
    // The runtime adds a thread for a blocked one every quarter of a second. Beginning with 180, the pool is starved for some seconds, and
    // not for a minute.
    private static readonly ChildProcessOptions ManyThreads = new()
    {
        Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["DOTNET_ThreadPool_ForceMinWorkerThreads"] = "B4" },
        ReplyTimeout = TimeSpan.FromMinutes(5),
    };

    [Fact]
    [FailureMode("F100")]
    public async Task Two_hundred_synchronous_senders_on_an_expired_token_are_served_by_one_refresh()
    {
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        await using ChildProcess child = await ChildProcess.StartAsync(TestProgram.Path, ManyThreads);
        await child.RunAsync(login.CreateCommand());

        string statuses = await child.RunAsync($"api 200 {login.Server.ApiUri} send=sync");

        statuses.Should().Be("200=200 failures=0");
        login.Books.Should().BeEquivalentTo(new { TokenRequests = 1, Grants = 1, Reuses = 0, ApiRejections = 0 });
    }
}
