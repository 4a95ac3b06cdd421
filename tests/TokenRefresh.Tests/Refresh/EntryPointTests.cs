using FluentAssertions;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;

namespace TokenRefresh.Tests.Refresh;

public sealed class EntryPointTests
{
    private readonly ManualTimeProvider _time = new();

    [Fact]
    [FailureMode("F7")]
    public async Task Background_refresh_rejection_and_status_together_cost_one_request()
    {
        await using SharedLogin login = await SharedLogin.StartAsync(new() { TimeProvider = _time });
        CoordinatedTokenProvider provider = login.CreateProvider(services: new() { TimeProvider = _time });
        AccessToken first = await provider.GetAccessTokenAsync(TestContext.Current.CancellationToken);
        _time.Advance(TimeSpan.FromMinutes(57));
        using ParkedRequest parked = login.Server.ParkNextTokenRequest();

        AccessToken served = await provider.GetAccessTokenAsync(TestContext.Current.CancellationToken);
        await parked.Arrived;
        Task<AccessToken> afterRejection = provider.RefreshAccessTokenAsync(first, TestContext.Current.CancellationToken).AsTask();
        TokenRefreshStatus status = await provider.GetStatusAsync(TestContext.Current.CancellationToken);
        AccessToken servedAgain = await provider.GetAccessTokenAsync(TestContext.Current.CancellationToken);
        parked.Release();
        AccessToken next = await afterRejection;

        served.Value.Should().Be(first.Value);
        servedAgain.Value.Should().Be(first.Value);
        status.LockHolder.Should().NotBeNull();
        next.Value.Should().NotBe(first.Value);
        (await provider.GetAccessTokenAsync(TestContext.Current.CancellationToken)).Should().BeSameAs(next);
        login.Server.Books.TokenRequests.Should().Be(1);
    }

    [Fact]
    [FailureMode("F7", "F58")]
    public async Task Expiry_rejection_and_two_providers_together_cost_one_request()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        CoordinatedTokenProvider one = login.CreateProvider();
        CoordinatedTokenProvider other = login.CreateProvider();
        var rejected = new AccessToken(login.Login.AccessToken);

        AccessToken[] tokens = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => Task.Run(async () =>
        {
            CoordinatedTokenProvider provider = i % 2 == 0 ? one : other;
            return i % 4 < 2 ? await provider.GetAccessTokenAsync() : await provider.RefreshAccessTokenAsync(rejected);
        })));

        tokens.Select(t => t.Value).Distinct().Should().ContainSingle();
        login.Server.Books.TokenRequests.Should().Be(1);
    }

    [Fact]
    [FailureMode("F7")]
    public void One_place_in_the_sources_reaches_the_token_endpoint()
    {
        string sources = Path.Combine(RepositoryRoot, "src", "TokenRefresh");

        IEnumerable<string> callers = Directory.EnumerateFiles(sources, "*.cs", SearchOption.AllDirectories)
            .Where(path => !path.Contains("/obj/", StringComparison.Ordinal) && !path.Contains("\\obj\\", StringComparison.Ordinal))
            .SelectMany(
                path =>
                    File.ReadLines(path)
                        .Where(line => line.Contains(".RefreshAsync(", StringComparison.Ordinal))
                        .Select(_ => Path.GetFileName(path)));

        callers.Should().Equal("RefreshTransaction.Exchange.cs");
    }

    private static string RepositoryRoot => typeof(EntryPointTests).Assembly
        .GetCustomAttributes(typeof(System.Reflection.AssemblyMetadataAttribute), false)
        .Cast<System.Reflection.AssemblyMetadataAttribute>()
        .First(a => a.Key == "RepositoryRoot").Value!;
}
