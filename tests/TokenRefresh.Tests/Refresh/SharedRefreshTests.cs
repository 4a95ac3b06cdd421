using FluentAssertions;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;

namespace TokenRefresh.Tests.Refresh;

public sealed class SharedRefreshTests
{
    [Fact]
    [FailureMode("F1", "F27")]
    public async Task Five_hundred_callers_of_one_expired_token_cost_one_request_and_get_the_same_token()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        CoordinatedTokenProvider provider = login.CreateProvider();

        AccessToken[] tokens = await Task.WhenAll(
            Enumerable.Range(0, 500).Select(_ => Task.Run(async () => await provider.GetAccessTokenAsync())));

        tokens.Select(t => t.Value).Distinct().Should().ContainSingle();
        login.Server.IsAccepted(tokens[0].Value).Should().BeTrue();
        login.Server.Books.TokenRequests.Should().Be(1);
        login.Server.Books.Reuses.Should().Be(0);
    }

    [Fact]
    [FailureMode("F8")]
    public async Task Twenty_providers_on_one_file_in_one_process_cost_one_request()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        CoordinatedTokenProvider[] providers = [.. Enumerable.Range(0, 20).Select(_ => login.CreateProvider())];

        AccessToken[] tokens = await Task.WhenAll(
            providers.SelectMany(p => Enumerable.Range(0, 4).Select(_ => Task.Run(async () => await p.GetAccessTokenAsync()))));

        tokens.Select(t => t.Value).Distinct().Should().ContainSingle();
        login.Server.Books.TokenRequests.Should().Be(1);
    }
}
