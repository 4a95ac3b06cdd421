using FluentAssertions;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.Stores.Json;

namespace TokenRefresh.Tests.Docs;

/// <summary>The examples of the documentation comments: each region is one of them, and what can be run without a server is.</summary>
public sealed class Examples
{
    private interface ISigner
    {
        Task<string> CreateJwtAsync(CancellationToken cancellationToken);
    }

    [Fact]
    public async Task The_login_s_example_resolves_its_provider_and_its_client()
    {
        var services = new ServiceCollection();

        #region login
        services.AddTokenRefresh(options =>
        {
            options.CredentialsPath = "~/.my-cli/.credentials.json";
            options.TokenEndpoint = new Uri("https://auth.example.com/token");
            options.ClientId = "my-cli";
        });
        services.AddHttpClient("api").AddTokenRefreshHandler();
        #endregion

        await using ServiceProvider provider = services.BuildServiceProvider();
        provider.GetRequiredService<ITokenProvider>().Should().BeOfType<CoordinatedTokenProvider>();
        provider.GetRequiredService<IHttpClientFactory>().CreateClient("api").Should().NotBeNull();
    }

    [Fact]
    public async Task The_client_s_example_resolves_its_client()
    {
        var services = new ServiceCollection();
        var configuration = new ConfigurationManager
        {
            ["Work:CredentialsPath"] = "~/.my-cli/work.json",
            ["Work:TokenEndpoint"] = "https://auth.example.com/token",
            ["Work:ClientId"] = "my-cli",
        };

        #region client
        services.AddTokenRefresh("work", configuration.GetSection("Work"));
        services.AddTokenRefresh("home", configuration.GetSection("Home"));
        services.AddHttpClient("api", client => client.BaseAddress = new Uri("https://api.example.com/"))
            .AddTokenRefreshHandler("work", handler => handler.AllowedOrigins.Add("https://api.example.com"))
            .AddHttpMessageHandler(() => new RetryHandler());
        #endregion

        await using ServiceProvider provider = services.BuildServiceProvider();
        provider.GetRequiredService<IHttpClientFactory>().CreateClient("api").BaseAddress.Should().Be("https://api.example.com/");
    }

    [Fact]
    public void The_environment_s_example_takes_the_login_where_no_variable_is_set()
    {
        Assert.SkipWhen(
            Environment.GetEnvironmentVariable("CLAUDE_CODE_OAUTH_TOKEN") is not null
                || Environment.GetEnvironmentVariable("ANTHROPIC_API_KEY") is not null,
            "A variable of the example is set.");
        ITokenProvider login = new StaticTokenProvider("login");

        #region environment
        ITokenProvider tokens =
            EnvironmentTokenProvider.TryCreate([new("CLAUDE_CODE_OAUTH_TOKEN"), new("ANTHROPIC_API_KEY", "x-api-key")]) ?? login;
        #endregion

        tokens.Should().BeSameAs(login);
    }

    [Fact]
    public async Task The_store_s_example_serves_its_token()
    {
        DateTimeOffset expiresAt = TimeProvider.System.GetUtcNow().AddHours(1);

        #region store
        using var store = new InMemoryCredentialsStore(new OAuthCredentials("access", "refresh", expiresAt));
        await using var tokens = CoordinatedTokenProvider.Create(
            options => (options.TokenEndpoint, options.ClientId) = (new Uri("https://auth.example.com/token"), "my-cli"),
            new CoordinatedTokenProviderServices { CredentialsStore = store });
        #endregion

        (await tokens.GetAccessTokenAsync()).Value.Should().Be("access");
    }

    [Fact]
    public void The_key_s_example_makes_a_proof()
    {
        #region key
        var key = DPoPKey.Create();
        string proof = key.CreateProof(HttpMethod.Post, new Uri("https://auth.example.com/token"));
        #endregion

        proof.Split('.').Should().HaveCount(3);
    }

    [Fact]
    public void The_formats_of_the_example_read_what_those_programs_write()
    {
        #region formats
        var mcpServer = new CredentialsFileFormat
        {
            Section = ["mcpOAuth", "issues|3f1c"],
            AccessTokenMember = "accessToken",
            RefreshTokenMember = "refreshToken",
            ExpiresAtMember = "expiresAt",
            ScopesMember = "scope",
            TimeUnit = CredentialsTimeUnit.Milliseconds,
        };

        var python = new CredentialsFileFormat
        {
            AccessTokenMember = "token",
            ExpiresAtMember = "expiry",
            ScopesMember = "scopes",
            TimeUnit = CredentialsTimeUnit.Iso8601,
        };
        #endregion

        CredentialsDocument.Parse("""{"mcpOAuth":{"issues|3f1c":{"serverName":"i","accessToken":"at"}}}"""u8.ToArray(), mcpServer)
            .Credentials!.AccessToken.Should().Be("at");
        CredentialsDocument.Parse("""{"token":"at","expiry":"2026-08-24T23:16:22.524616Z","scopes":["a"]}"""u8.ToArray(), python)
            .Credentials!.ExpiresAt.Should().Be(new DateTimeOffset(2026, 8, 24, 23, 16, 22, TimeSpan.Zero).AddTicks(5246160));
    }

    // Compiled only: there is no such server.
    internal static async Task AddTokenAsync(HttpRequestMessage request)
    {
        #region provider
        await using var tokens = CoordinatedTokenProvider.Create(options =>
        {
            options.CredentialsPath = "~/.my-cli/.credentials.json";
            options.TokenEndpoint = new Uri("https://auth.example.com/token");
            options.ClientId = "my-cli";
        });

        AccessToken token = await tokens.GetAccessTokenAsync();
        request.Headers.TryAddWithoutValidation(token.HeaderName, token.HeaderValue);
        #endregion
    }

    internal static async Task<string> SendAsync(ITokenProvider tokens)
    {
        #region handler
        var options = new BearerTokenHandlerOptions();
        options.AllowedOrigins.Add("https://api.example.com");
        using var http = new HttpClient(new BearerTokenHandler(tokens, options) { InnerHandler = new SocketsHttpHandler() });

        string answer = await http.GetStringAsync("https://api.example.com/v1/me");
        #endregion

        return answer;
    }

    private static void NameLocks(TokenRefreshOptions options)
    {
        #region locks
        options.CompatibleLocks = CompatibleLock.ClaudeCode;
        options.CompatibleLocks =
        [
            new CompatibleLock("{directory}.lock") { StaleAfter = TimeSpan.FromMinutes(2), HeartbeatInterval = TimeSpan.FromSeconds(10) },
            new CompatibleLock("~/.cli/auth.lock") { Kind = CompatibleLockKind.File },
        ];
        #endregion
    }

    private static async Task<AccessToken> PoolAsync()
    {
        #region pool
        using var http = new HttpMessageInvoker(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });
        await using var pool = new TokenProviderPool(tenant => CoordinatedTokenProvider.Create(
            options =>
            {
                options.CredentialsPath = $"/var/lib/my-service/{tenant}.json";
                options.TokenEndpoint = new Uri("https://auth.example.com/token");
                options.ClientId = "my-service";
            },
            new CoordinatedTokenProviderServices { HttpMessageInvoker = http }));
        AccessToken token = await pool.Get("contoso").GetAccessTokenAsync();
        #endregion

        return token;
    }

    private static async Task<TokenRefreshStatus> ConfigureAsync(ISigner signer)
    {
        #region options
        await using var tokens = CoordinatedTokenProvider.Create(options =>
        {
            options.CredentialsPath = "~/.my-cli/.credentials.json";
            options.TokenEndpoint = new Uri("https://auth.example.com/token");
            options.RevocationEndpoint = new Uri("https://auth.example.com/revoke");
            options.ClientId = "my-cli";
            options.ClientAuthentication = ClientAuthentication.ClientAssertion;
            options.ClientAssertion = async cancellationToken => await signer.CreateJwtAsync(cancellationToken);
            options.AdditionalParameters["audience"] = "https://api.example.com";
            options.Events.SignInRequired = e =>
            {
                Console.WriteLine($"Please sign in again ({e.Reason}).");
                return default;
            };
        });
        #endregion

        return await tokens.GetStatusAsync();
    }
}
