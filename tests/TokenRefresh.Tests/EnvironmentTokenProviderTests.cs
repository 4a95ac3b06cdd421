using System.Net;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;

namespace TokenRefresh.Tests;

/// <summary>Tokens of environment variables: which one counts, how it is sent, and what is said when it is rejected.</summary>
public sealed class EnvironmentTokenProviderTests : IDisposable
{
    // Of this class alone: the environment is the process's.
    private const string OAuth = "TOKENREFRESH_TEST_OAUTH_TOKEN";
    private const string ApiKey = "TOKENREFRESH_TEST_API_KEY";

    private static readonly TokenVariable[] Both = [new(OAuth), new(ApiKey, "x-api-key")];

    private readonly LogCollector _log = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_first_variable_that_is_set_counts_and_is_read_once()
    {
        Environment.SetEnvironmentVariable(OAuth, "one");
        Environment.SetEnvironmentVariable(ApiKey, "two");

        ITokenProvider tokens = EnvironmentTokenProvider.TryCreate(Both, _log)!;
        Environment.SetEnvironmentVariable(OAuth, "three");

        tokens.HeaderName.Should().Be("Authorization");
        (await tokens.GetAccessTokenAsync(Cancelled)).HeaderValue.Should().Be("Bearer one");
        _log.CountOf(TokenRefreshEventIds.EnvironmentTokenUsed).Should().Be(1);
        _log.Text.Should().Contain($"'{OAuth}'").And.NotContain("one'");
    }

    [Fact]
    public async Task A_key_goes_out_in_its_own_header()
    {
        Environment.SetEnvironmentVariable(ApiKey, "key");

        ITokenProvider tokens = EnvironmentTokenProvider.TryCreate(Both)!;

        tokens.HeaderName.Should().Be("x-api-key");
        (await tokens.GetAccessTokenAsync(Cancelled)).Should().BeEquivalentTo(new { HeaderName = "x-api-key", HeaderValue = "key" });
    }

    [Fact]
    public void Without_a_variable_the_stored_login_is_next()
    {
        EnvironmentTokenProvider.TryCreate(Both, _log).Should().BeNull();

        _log.Text.Should().NotContain(OAuth);
    }

    [Fact]
    public async Task A_rejection_is_returned_after_one_warning_that_names_the_variable()
    {
        await using SharedLogin login = await SharedLogin.StartAsync(new() { HeaderName = "x-api-key" });
        Environment.SetEnvironmentVariable(ApiKey, "rejected-key");
        ITokenProvider tokens = EnvironmentTokenProvider.TryCreate(Both, _log)!;
        using var http = new HttpClient(new BearerTokenHandler(tokens) { InnerHandler = new SocketsHttpHandler() });

        using HttpResponseMessage first = await http.GetAsync(login.Server.ApiUri, Cancelled);
        using HttpResponseMessage second = await http.GetAsync(login.Server.ApiUri, Cancelled);
        Func<Task> refresh = async () => await tokens.RefreshAccessTokenAsync(await tokens.GetAccessTokenAsync(Cancelled), Cancelled);

        (first.StatusCode, second.StatusCode).Should().Be((HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized));
        (await refresh.Should().ThrowAsync<NotRefreshableException>()).Which.Message.Should().Contain($"'{ApiKey}'");
        _log.CountOf(TokenRefreshEventIds.EnvironmentTokenRejected).Should().Be(1);
        _log.Text.Should().Contain($"'{ApiKey}' was rejected").And.NotContain("rejected-key");
        login.Books.Should().BeEquivalentTo(new { ApiRequests = 2, TokenRequests = 0 });
    }

    [Fact]
    public async Task A_late_rejection_of_another_token_is_none_of_the_variable_s()
    {
        Environment.SetEnvironmentVariable(OAuth, "present");
        ITokenProvider tokens = EnvironmentTokenProvider.TryCreate(Both, _log)!;

        AccessToken token = await tokens.RefreshAccessTokenAsync(new AccessToken("former"), Cancelled);

        token.Value.Should().Be("present");
        _log.CountOf(TokenRefreshEventIds.EnvironmentTokenRejected).Should().Be(0);
    }

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("secret-part\n")]
    [InlineData("secret-part\r\nsecond")]
    [InlineData(" secret-part")]
    [InlineData("secret-part-ü")]
    public void What_is_no_token_is_a_wrong_setting_that_names_the_variable_without_its_value(string value)
    {
        Environment.SetEnvironmentVariable(OAuth, value);
        Environment.SetEnvironmentVariable(ApiKey, "good");

        Action create = () => EnvironmentTokenProvider.TryCreate(Both);

        create.Should().Throw<TokenRefreshConfigurationException>().Which.Message.Should().Contain($"'{OAuth}'").And.NotContain("secret");
    }

    [Theory]
    [InlineData(" ", "Authorization")]
    [InlineData(OAuth, "no header")]
    [InlineData(OAuth, "Content-Type")]
    public void A_variable_without_a_name_or_a_header_is_refused(string name, string header)
    {
        Action create = () => EnvironmentTokenProvider.TryCreate([new(name, header)]);

        create.Should().Throw<ArgumentException>();
    }

    [Theory]
    [InlineData("")]
    [InlineData("work")]
    public async Task A_container_takes_the_variable_and_the_login_only_without_it(string name)
    {
        var services = new ServiceCollection();
        using var directory = new TempDirectory();
        Environment.SetEnvironmentVariable(OAuth, "variable");
        ITokenRefreshBuilder withVariable = Add(services, name, _ => { }).PreferEnvironment(Both);
        Environment.SetEnvironmentVariable(OAuth, null);
        var others = new ServiceCollection();
        Add(others, name, options =>
        {
            options.CredentialsPath = Path.Combine(directory.Path, "none");
            options.TokenEndpoint = new Uri("https://auth.example.com/token");
            options.ClientId = "tests";
        }).PreferEnvironment(Both);
        Environment.SetEnvironmentVariable(OAuth, "variable");

        await using ServiceProvider container = services.BuildServiceProvider();
        await using ServiceProvider other = others.BuildServiceProvider();

        withVariable.Name.Should().Be(name);
        (await container.GetRequiredService<ITokenProvider>().GetAccessTokenAsync(Cancelled)).Value.Should().Be("variable");
        await other.GetRequiredService<ITokenProvider>().Awaiting(t => t.GetAccessTokenAsync(Cancelled).AsTask())
            .Should().ThrowAsync<SignInRequiredException>();
    }

    public void Dispose()
    {
        Environment.SetEnvironmentVariable(OAuth, null);
        Environment.SetEnvironmentVariable(ApiKey, null);
        _log.Dispose();
    }

    private static ITokenRefreshBuilder Add(ServiceCollection services, string name, Action<TokenRefreshOptions> configure) =>
        name.Length == 0 ? services.AddTokenRefresh(configure) : services.AddTokenRefresh(name, configure);
}
