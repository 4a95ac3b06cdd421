using FluentAssertions;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;

namespace TokenRefresh.Tests.Refresh;

/// <summary>Two logins in one file share a lock, and neither tokens nor knowledge.</summary>
public sealed class TwoSectionsTests
{
    private static readonly string[] Sections = ["work", "home/a.b|c"];

    [Theory]
    [InlineData]
    [InlineData("mcpOAuth")]
    [FailureMode("F115", "F87")]
    public async Task Each_login_is_refreshed_once_and_its_used_token_is_known_to_later_providers(params string[] around)
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        string older = WriteExpired(login, around);
        CoordinatedTokenProvider[] providers = CreateProviders(login, around);

        AccessToken[] tokens = await Task.WhenAll(providers.Select(p => p.GetAccessTokenAsync().AsTask()));
        await File.WriteAllTextAsync(login.Path, older, TestContext.Current.CancellationToken);
        CoordinatedTokenProvider[] later = CreateProviders(login, around);

        tokens.Should().OnlyHaveUniqueItems().And.OnlyContain(t => login.Server.IsAccepted(t.Value));
        foreach (CoordinatedTokenProvider provider in later)
        {
            (await provider.Awaiting(p => p.GetAccessTokenAsync().AsTask()).Should().ThrowAsync<SignInRequiredException>())
                .Which.Reason.Should().Be(SignInRequiredReason.RolledBack);
        }

        login.Books.Should().BeEquivalentTo(new { TokenRequests = 2, Reuses = 0 });
    }

    [Theory]
    [InlineData]
    [InlineData("mcpOAuth")]
    [FailureMode("F115", "F13")]
    public async Task A_rejection_and_a_sign_out_concern_one_login_alone(params string[] around)
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        WriteExpired(login, around);
        CoordinatedTokenProvider[] providers = CreateProviders(login, around);
        login.Server.EnqueueTokenBehavior(TokenEndpointBehavior.Error("invalid_grant"));

        await providers[0].Awaiting(p => p.GetAccessTokenAsync().AsTask()).Should().ThrowAsync<SignInRequiredException>();
        AccessToken other = await providers[1].GetAccessTokenAsync();
        await providers[1].RefreshAccessTokenAsync(other);
        await providers[1].RemoveAsync();

        (await providers[0].GetStatusAsync()).State.Should().Be(TokenRefreshState.SignInRequired);
        (await providers[1].GetStatusAsync()).State.Should().Be(TokenRefreshState.SignedOut);
        (await File.ReadAllTextAsync(login.Path, TestContext.Current.CancellationToken)).Should().Contain("work").And.NotContain("home");
        login.Books.TokenRequests.Should().Be(3);
    }

    private static string WriteExpired(SharedLogin login, string[] around)
    {
        IEnumerable<string> members = Sections.Select(section =>
        {
            OAuthCredentials issued = login.Server.IssueLogin(TimeSpan.FromMinutes(-1)).Credentials;
            return $"\"{section}\":{{\"access_token\":\"{issued.AccessToken}\","
                + $"\"refresh_token\":\"{issued.RefreshToken}\",\"expires_at\":1}}";
        });
        string json = around.Aggregate($"{{{string.Join(',', members)}}}", (inner, name) => $"{{\"{name}\":{inner}}}");
        File.WriteAllText(login.Path, json);
        return json;
    }

    private static CoordinatedTokenProvider[] CreateProviders(SharedLogin login, string[] around) =>
        [.. Sections.Select(name => login.CreateProvider(o => o.FileFormat = new CredentialsFileFormat { Section = [.. around, name] }))];
}
