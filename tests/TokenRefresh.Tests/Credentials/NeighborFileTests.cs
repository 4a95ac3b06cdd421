using FluentAssertions;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;

namespace TokenRefresh.Tests.Credentials;

/// <summary>Two logins in one directory, where one file's name begins with the other's.</summary>
public sealed class NeighborFileTests
{
    private readonly ManualTimeProvider _clock = new();

    [Fact]
    [FailureMode("F30")]
    public async Task An_exchange_of_the_one_does_not_keep_the_other_from_refreshing()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _clock });
        string neighbor = AddNeighbor(login);
        using ParkedExchange<AccessToken> parked = await login.ParkAsync(
            login.CreateProvider(o => o.CredentialsPath = neighbor, new() { TimeProvider = _clock }));

        AccessToken ours = await login.CreateProvider(services: new() { TimeProvider = _clock }).GetAccessTokenAsync();

        (await parked.FinishAsync()).Value.Should().NotBe(ours.Value);
        Directory.GetFiles(login.Directory.Path, "*.tokenrefresh.tmp").Should().BeEmpty();
    }

    private static string AddNeighbor(SharedLogin login)
    {
        IssuedLogin second = login.Server.IssueLogin();
        string path = login.Path + ".work";
        File.WriteAllText(
            path,
            $$$"""{"claudeAiOauth":{"accessToken":"{{{second.AccessToken}}}","refreshToken":"{{{second.RefreshToken}}}","expiresAt":1}}""");
        return path;
    }
}
