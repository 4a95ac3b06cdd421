using FluentAssertions;

namespace TokenRefresh.ProcessTests;

/// <summary>A login that is bound to a key (DPoP, RFC 9449): the key is stored with it, so that each process can prove.</summary>
[Collection(nameof(EightProcesses))]
public sealed class BoundLoginTests(EightProcesses processes, ITestOutputHelper output)
{
    private const int Rounds = 5;
    private const int Callers = 4;

    [Fact]
    public async Task Eight_processes_refresh_a_bound_login_once_per_expiry_and_all_of_them_prove()
    {
        const int Requests = EightProcesses.Count * Callers;
        await using SharedLogin login = await SharedLogin.StartBoundAsync(new() { DemandsDPoPNonce = true });

        for (var round = 1; round <= Rounds; round++)
        {
            login.StoreBound(TimeSpan.FromMinutes(-1));
            string name = await processes.CreateAsync(login);
            (await processes.Group.RunAtOnceAsync($"get {Callers} name={name}")).ShouldAgreeOnOneToken();

            using ApiBarrier barrier = login.Server.HoldApiRequests(Requests, releaseWhenFull: false);
            Task<string[]> calls = processes.Group.RunAtOnceAsync($"api {Callers} {login.Server.ApiUri}x name={name}");
            await barrier.AllArrived;
            login.Server.RotateDPoPNonce();
            barrier.Release();

            (await calls).Should().OnlyContain(reply => reply == $"200={Callers} failures=0");
            login.Books.Grants.Should().Be(round, "each round is one expiry");
            await processes.DisposeAsync(name);
        }

        output.WriteLine($"{login.Books}");
        login.Books.Should().BeEquivalentTo(
            new { Reuses = 0, Replays = 0, FamiliesRevoked = 0, InvalidRequests = 0, ProofsRefused = 0, InFlightMaximum = 1 });
        login.Books.Should().BeEquivalentTo(
            new { ApiRejections = Rounds * Requests, NoncesAsked = Rounds * (Requests + 1) },
            "each request was made with the nonce that was replaced while it was under way, or with none");
    }
}
