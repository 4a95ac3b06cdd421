using System.Globalization;
using FluentAssertions;
using TokenRefresh.TestKit;

namespace TokenRefresh.ProcessTests;

/// <summary>The job of the library, counted by the server: eight processes with eight callers each, one token request per expiry.</summary>
[Collection(nameof(EightProcesses))]
public sealed class RefreshStormTests(EightProcesses processes, ITestOutputHelper output)
{
    private const int Rounds = 200;
    private const int RoundsOfRejection = 50;
    private const int RoundsOfWaking = 3;
    private const int Callers = 8;

    [Fact]
    [FailureMode("F1", "F54")]
    public async Task Each_of_two_hundred_expiries_costs_one_request_over_eight_processes_with_eight_callers()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();

        for (var round = 1; round <= Rounds; round++)
        {
            login.StoreExpired();
            string[] replies = await processes.RunAtOnceAsync(login, $"get {Callers}");

            replies.ShouldAgreeOnOneToken();
            login.Books.TokenRequests.Should().Be(round, "each round is one expiry");
        }

        output.WriteLine($"{login.Books}");
        login.Books.Should().BeEquivalentTo(
            new { Grants = Rounds, Reuses = 0, FamiliesRevoked = 0, InvalidRequests = 0, InFlightMaximum = 1 });
    }

    [Fact]
    [FailureMode("F1", "F58", "F59")]
    public async Task Each_of_fifty_early_rejections_costs_one_request_over_eight_processes_with_eight_callers()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        string name = await processes.CreateAsync(login);
        var request = $"{login.Server.ApiUri}x name={name}";

        for (var round = 1; round <= RoundsOfRejection; round++)
        {
            // A token obtained because of a rejection is not refreshed for another one at once, so that each round has a login of its own;
            // the processes take it from the file.
            login.Server.ExpireAllAccessTokens();
            OAuthCredentials rejected = login.StoreValid();
            (await processes.Group.RunAsync($"api 1 {request}")).Should().OnlyContain(reply => reply == "200=1 failures=0");
            (await processes.Group.RunAsync($"get name={name}"))
                .Should().OnlyContain(reply => reply == Replies.OneToken(rejected.AccessToken));
            login.Books.TokenRequests.Should().Be(round - 1, "a stored token that was not rejected is adopted");

            login.Server.ExpireAllAccessTokens();
            using ApiBarrier barrier = login.Server.HoldApiRequests(EightProcesses.Count * Callers);
            string[] replies = await processes.Group.RunAtOnceAsync($"api {Callers} {request}");

            replies.Should().OnlyContain(reply => reply == "200=8 failures=0");
            (await processes.Group.RunAsync($"get {Callers} name={name}")).ShouldAgreeOnOneToken();
            login.Books.TokenRequests.Should().Be(round, "each round is one rejected token");
        }

        output.WriteLine($"{login.Books}");
        login.Books.Should().BeEquivalentTo(
            new { Grants = RoundsOfRejection, Reuses = 0, FamiliesRevoked = 0, InvalidRequests = 0, InFlightMaximum = 1 });
        await processes.DisposeAsync(name);
    }

    [Fact]
    [FailureMode("F54")]
    public async Task Processes_that_wake_at_the_same_moment_refresh_once()
    {
        await using SharedLogin login = await SharedLogin.StartExpiredAsync(
            new LoopbackAuthorizationServerOptions { AccessTokenLifetime = TimeSpan.FromSeconds(2) });
        string name = await processes.CreateAsync(login, "before=0 skew=0");
        (await processes.Group.RunAsync($"get name={name}")).ShouldAgreeOnOneToken();

        for (var round = 1; round <= RoundsOfWaking; round++)
        {
            long expiry = ExpiryOf(await processes.Children[0].RunAsync($"status name={name}"));
            string[] replies = await processes.Group.RunAsync($"at {expiry + 20} get {Callers} name={name}");

            replies.ShouldAgreeOnOneToken();
            login.Books.TokenRequests.Should().Be(round + 1);
        }

        login.Books.Should().BeEquivalentTo(new { Reuses = 0, FamiliesRevoked = 0, InFlightMaximum = 1 });
        await processes.DisposeAsync(name);
    }

    [Fact]
    [FailureMode("F8")]
    public async Task Two_providers_in_each_process_refresh_once()
    {
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        string one = await processes.CreateAsync(login);
        string other = await processes.CreateAsync(login);
        using ParkedRequest parked = login.Server.ParkNextTokenRequest();

        Task<string>[] calls = await Task.WhenAll(
            processes.Children.SelectMany(
                child => new[] { one, other }.Select(name => child.StartCommandAsync($"get {Callers} name={name}"))));
        await parked.Arrived;
        login.Books.InFlight.Should().Be(1);
        parked.Release();

        (await Task.WhenAll(calls)).ShouldAgreeOnOneToken();
        login.Books.Should().BeEquivalentTo(new { TokenRequests = 1, Reuses = 0 });
        await processes.DisposeAsync(one);
        await processes.DisposeAsync(other);
    }

    private static long ExpiryOf(string status) =>
        long.Parse(
            status.Split(' ').Single(word => word.StartsWith("expires=", StringComparison.Ordinal))["expires=".Length..],
            CultureInfo.InvariantCulture);
}
