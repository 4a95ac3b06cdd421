using FluentAssertions;
using TokenRefresh.Record;
using TokenRefresh.Stores;
using TokenRefresh.TestKit;

namespace TokenRefresh.ProcessTests;

/// <summary>What one process learns from the server, the others know.</summary>
[Collection(nameof(EightProcesses))]
public sealed class SharedFailureTests(EightProcesses processes)
{
    private const string UnknownToken = "a-refresh-token-never-issued";

    [Fact]
    [FailureMode("F99", "F16")]
    public async Task All_processes_take_the_failure_of_the_one_that_asked()
    {
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        string name = await processes.CreateAsync(login);
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.Throttle(503, TimeSpan.FromMinutes(5));

        using ParkedExchange<string> parked = await login.ParkAsync(
            processes.Children[0], $"get 8 name={name}", behavior: login.Server.DefaultTokenBehavior);
        Task<string>[] others = await Task.WhenAll(
            processes.Children.Skip(1).Select(child => child.StartCommandAsync($"get 8 name={name}")));
        await Task.WhenAll(processes.Children.Skip(1).Select(child => child.WaitUntilItAwaitsTheLockAsync()));
        parked.Release();
        string[] replies = await Task.WhenAll([parked.Caller, .. others]);
        string[] later = await processes.Group.RunAtOnceAsync($"get 8 name={name}");

        replies.Concat(later)
            .Should().OnlyContain(
                reply =>
                    reply.StartsWith(
                        "fingerprints=- distinct=0 failures=8 failure=TokenEndpointUnavailableException",
                        StringComparison.Ordinal));
        login.Books.TokenRequests.Should().Be(1, "one exchange per cool-down, however many ask");
        await processes.DisposeAsync(name);
    }

    [Fact]
    [FailureMode("F99")]
    public async Task An_endpoint_that_never_answers_costs_eight_processes_the_time_of_one()
    {
        const int refreshTimeout = 3_000;
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        string name = await processes.CreateAsync(
            login,
            $"endpoint={Uri.EscapeDataString("http://127.0.0.1:1/token")} "
                + $"refresh-timeout={refreshTimeout} attempt-timeout=1000 save-timeout=500");
        long start = TimeProvider.System.GetTimestamp();

        string[] replies = await processes.Group.RunAtOnceAsync($"get 8 name={name}");

        replies.Should().OnlyContain(
            reply => reply.Contains("failures=8 failure=TokenEndpointUnavailableException", StringComparison.Ordinal));
        TimeProvider.System.GetElapsedTime(start)
            .Should().BeLessThan(
                TimeSpan.FromMilliseconds(refreshTimeout * EightProcesses.Count / 2d),
                "no one repeats the failure of another");
        using var store = new FileCredentialsStore(
            new CredentialsFileSettings(login.Path, CredentialsFileFormat.Auto, null, false, TimeSpan.FromSeconds(1)),
            TimeProvider.System);
        OAuthCredentials? stored = await store.ReadAsync(TestContext.Current.CancellationToken);
        ReadOnlyMemory<byte> text = await store.ReadRecordAsync(TestContext.Current.CancellationToken);
        LoginRecord record = RecordJson.Read(text.Span, stored!.Login!);
        record.Holds.Should().ContainSingle(hold => hold.Kind == HoldKind.CoolDown).Which.Count.Should().BeLessThan(
            EightProcesses.Count / 2,
            "others see the pause, and a process that comes so late that it is over makes one try more");
        await processes.DisposeAsync(name);
    }

    [Fact]
    [FailureMode("F13")]
    public async Task A_rejected_refresh_token_is_presented_once_over_all_processes_and_restarts()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        OAuthCredentials unknown = login.Store(new OAuthCredentials("old", UnknownToken, DateTimeOffset.UnixEpoch.AddYears(50)));
        byte[] before = await File.ReadAllBytesAsync(login.Path, TestContext.Current.CancellationToken);
        string name = await processes.CreateAsync(login);

        string[] replies = await processes.Group.RunAtOnceAsync($"get 8 name={name}");
        await using (ChildProcess restarted = await ChildProcess.StartAsync(TestProgram.Path))
        {
            await restarted.RunAsync(login.CreateCommand());
            replies = [.. replies, await restarted.RunAsync("get 8")];
        }

        replies.Should().OnlyContain(reply => reply.Contains("failures=8 failure=SignInRequiredException", StringComparison.Ordinal));
        login.Books.TokenRequests.Should().Be(1);
        (await File.ReadAllBytesAsync(login.Path, TestContext.Current.CancellationToken)).Should().Equal(before);

        login.StoreExpired();
        (await processes.Group.RunAtOnceAsync($"get 8 name={name}")).ShouldAgreeOnOneToken();
        login.Books.Should().BeEquivalentTo(new { TokenRequests = 2, Grants = 1, Reuses = 0 });

        unknown.RefreshToken.Should().Be(UnknownToken);
        await processes.DisposeAsync(name);
    }

    [Fact]
    [FailureMode("F13")]
    public async Task A_process_with_a_wrong_client_id_poisons_no_one()
    {
        await using SharedLogin login = await SharedLogin.StartExpiredAsync(new LoopbackAuthorizationServerOptions { ClientId = "tests" });
        await using ChildProcess wrong = await ChildProcess.StartAsync(TestProgram.Path);
        await wrong.RunAsync(login.CreateCommand().Replace("client=tests", "client=wrong", StringComparison.Ordinal));

        string refused = await wrong.RunAsync("get 4");
        string[] replies = await processes.RunAtOnceAsync(login, "get 8");

        refused.Should().Contain("failures=4 failure=TokenRefreshConfigurationException");
        replies.ShouldAgreeOnOneToken();
        login.Books.Should().BeEquivalentTo(new { TokenRequests = 2, Grants = 1, Reuses = 0 });
        (await wrong.RunAsync("get 4")).Should().Be(replies[0]);
    }

    [Fact]
    [FailureMode("F94")]
    public async Task A_thousand_requests_to_a_resource_that_rejects_every_token_cost_a_handful_of_refreshes()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        string name = await processes.CreateAsync(login);

        string[] replies = await processes.Group.RunAtOnceAsync($"api 125 {login.Server.ApiUri}always401 name={name}");

        replies.Should().OnlyContain(reply => reply == "401=125 failures=0");
        login.Books.TokenRequests.Should().BeInRange(1, 5);
        login.Books.Reuses.Should().Be(0);
        await processes.DisposeAsync(name);
    }
}
