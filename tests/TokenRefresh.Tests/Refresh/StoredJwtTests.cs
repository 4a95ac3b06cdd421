using System.Text;
using FluentAssertions;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;

namespace TokenRefresh.Tests.Refresh;

/// <summary>A stored access token that is a JWT names its own expiry where the file does not.</summary>
public sealed class StoredJwtTests
{
    private readonly ManualTimeProvider _clock = new();

    [Fact]
    [FailureMode("F124")]
    public async Task A_stored_JWT_whose_exp_has_passed_is_refreshed()
    {
        await using SharedLogin login = await SharedLogin.StartAsync(new() { TimeProvider = _clock });
        await StoreWithoutExpiryAsync(login, Jwt(_clock.GetUtcNow().AddMinutes(-1)));
        CoordinatedTokenProvider provider = login.CreateProvider(services: new() { TimeProvider = _clock });

        AccessToken token = await provider.GetAccessTokenAsync(TestContext.Current.CancellationToken);

        login.Server.IsAccepted(token.Value).Should().BeTrue();
        login.Server.Books.TokenRequests.Should().Be(1);
    }

    [Fact]
    [FailureMode("F124")]
    public async Task A_stored_JWT_whose_exp_lies_ahead_is_served_until_then()
    {
        await using SharedLogin login = await SharedLogin.StartAsync(new() { TimeProvider = _clock });
        DateTimeOffset exp = _clock.GetUtcNow().AddHours(2);
        await StoreWithoutExpiryAsync(login, Jwt(exp));
        CoordinatedTokenProvider provider = login.CreateProvider(services: new() { TimeProvider = _clock });

        AccessToken token = await provider.GetAccessTokenAsync(TestContext.Current.CancellationToken);

        token.ExpiresAt.Should().Be(DateTimeOffset.FromUnixTimeSeconds(exp.ToUnixTimeSeconds()));
        login.Server.Books.TokenRequests.Should().Be(0);
    }

    private static Task StoreWithoutExpiryAsync(SharedLogin login, string accessToken) => File.WriteAllTextAsync(
        login.Path,
        $$"""{ "claudeAiOauth": { "accessToken": "{{accessToken}}", "refreshToken": "{{login.Login.RefreshToken}}" } }""",
        TestContext.Current.CancellationToken);

    private static string Jwt(DateTimeOffset exp) =>
        $"{Part("""{"alg":"RS256"}""")}.{Part($$"""{"exp":{{exp.ToUnixTimeSeconds()}}}""")}.c2lnbmF0dXJl";

    private static string Part(string json) =>
        Convert.ToBase64String(Encoding.UTF8.GetBytes(json)).TrimEnd('=').Replace('+', '-').Replace('/', '_');
}
