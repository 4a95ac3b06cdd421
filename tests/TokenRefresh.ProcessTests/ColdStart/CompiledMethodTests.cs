using FluentAssertions;

namespace TokenRefresh.ProcessTests.ColdStart;

/// <summary>
/// What the library makes a fresh process compile beyond code written by hand that sends the same requests.
/// With the runtime's default settings this is nearly all of what the first token costs.
/// With <c>TOKENREFRESH_COMPILED_METHODS</c> naming an empty directory, the lists are left there; CONTRIBUTING.md says how to read them.
/// <c>TOKENREFRESH_COLD_LIBRARY</c> names another assembly of the library to measure.
/// </summary>
public sealed class CompiledMethodTests
{
    private const int MostForAValidToken = 320;
    private const int MostForTheLeader = 760;
    private const int MostForAWaiter = 560;

    // With the precompiled assembly of the package, which .ci/run puts in place.
    private const int MostForAValidTokenPrecompiled = 70;
    private const int MostForTheLeaderPrecompiled = 140;
    private const int MostForAWaiterPrecompiled = 130;

    // Whether a thread of the pool or a timer starts before the count depends on time, and adds some two dozen: the lowest is the figure.
    private const int Runs = 5;

    [Fact]
    public async Task A_valid_token_on_disk_costs_few_methods()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        int byHand = await CountAsync(login, "by-hand");

        int library = await CountAsync(login, "library", "valid");

        Report("valid token", library, byHand, ColdProcess.Library is null ? MostForAValidToken : MostForAValidTokenPrecompiled);
        login.Books.TokenRequests.Should().Be(0);
    }

    [Fact]
    public async Task The_first_refresh_costs_its_leader_few_methods()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        int byHand = await LowestAsync(() => CountAfterExpiryAsync(login, "by-hand-refreshing"));

        int library = await LowestAsync(() => CountAfterExpiryAsync(login, "library", "leader"));

        Report(
            "leader of the first refresh",
            library,
            byHand,
            ColdProcess.Library is null ? MostForTheLeader : MostForTheLeaderPrecompiled);
        login.Books.TokenRequests.Should().Be(2 * Runs);
    }

    [Fact]
    public async Task The_first_refresh_costs_a_waiter_few_methods()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Whether a process waits is looked at in /proc.");
        await using SharedLogin login = await SharedLogin.StartAsync();
        int byHand = await CountAsync(login, "by-hand");

        int library = await LowestAsync(() => CountWaiterAsync(login));

        Report("waiter for the first refresh", library, byHand, ColdProcess.Library is null ? MostForAWaiter : MostForAWaiterPrecompiled);
        login.Books.TokenRequests.Should().Be(Runs);
    }

    private static async Task<int> CountWaiterAsync(SharedLogin login)
    {
        login.StoreExpired();
        using ParkedRequest parked = login.Server.ParkNextTokenRequest();
        await using ColdProcess leader = await ColdProcess.StartAsync(login, "library");
        await parked.Arrived;
        await using ColdProcess waiter = await ColdProcess.StartAsync(login, "library", "waiter");
        await waiter.WaitUntilItAwaitsTheLockAsync();
        parked.Release();
        await leader.CountMethodsAsync();
        return await waiter.CountMethodsAsync();
    }

    private static Task<int> CountAfterExpiryAsync(SharedLogin login, string who, string? list = null)
    {
        login.StoreExpired();
        return CountOnceAsync(login, who, list);
    }

    private static Task<int> CountAsync(SharedLogin login, string who, string? list = null) =>
        LowestAsync(() => CountOnceAsync(login, who, list));

    private static async Task<int> CountOnceAsync(SharedLogin login, string who, string? list)
    {
        await using ColdProcess process = await ColdProcess.StartAsync(login, who, list);
        return await process.CountMethodsAsync();
    }

    private static async Task<int> LowestAsync(Func<Task<int>> count)
    {
        int lowest = int.MaxValue;
        for (var run = 0; run < Runs; run++)
        {
            lowest = Math.Min(lowest, await count());
        }

        return lowest;
    }

    private static void Report(string what, int library, int byHand, int most)
    {
        int beyond = library - byHand;
        string kind = ColdProcess.Library is null ? "IL" : "precompiled";
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{what} ({kind}): {library} methods compiled, by hand {byHand}, beyond that {beyond}; at most {most}");
        beyond.Should().BeLessThanOrEqualTo(most, $"the {what} must stay cheap in a fresh process");
    }
}
