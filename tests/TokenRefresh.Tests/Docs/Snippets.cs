using System.Net;
using FluentAssertions;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using SqliteStore;
using TokenRefresh.Tests.Validation;

namespace TokenRefresh.Tests.Docs;

/// <summary>
/// The code of the README and of the pages it leads to: each region is one of their blocks, character for character, and what can be run
/// without a server is.
/// </summary>
public sealed class Snippets
{
    [Fact]
    public async Task The_handlers_example_has_a_client_with_one_handler()
    {
        var services = new ServiceCollection();
        services.AddTokenRefresh(options => options.CredentialsPath = "unused")
            .UseStore(new UnusedStore())
            .UseTokenEndpointClient(new UnusedTokenEndpointClient());
        services.AddSingleton<ITokenProvider>(new StaticTokenProvider("fake"));

        #region pipeline
        services.AddHttpClient("api")
            .AddTokenRefreshHandler()
            .AddHttpMessageHandler(() => new RetryHandler());
        #endregion

        await using ServiceProvider provider = services.BuildServiceProvider();
        using HttpMessageHandler handler = provider.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler("api");
        Chain(handler).Should().ContainInOrder(typeof(BearerTokenHandler), typeof(RetryHandler));
    }

    [Fact]
    public async Task The_containers_example_resolves_its_login()
    {
        var services = new ServiceCollection();

        #region container
        services.AddTokenRefresh("work", options =>
        {
            options.CredentialsPath = "~/.my-cli/.credentials.json";
            options.TokenEndpoint = new Uri("https://auth.example.com/token");
            options.ClientId = "my-cli";
        });
        services.AddHttpClient("api", client => client.BaseAddress = new Uri("https://api.example.com/"))
            .AddTokenRefreshHandler("work", handler => handler.AllowedOrigins.Add("https://api.example.com"));
        #endregion

        await using ServiceProvider provider = services.BuildServiceProvider();
        provider.GetRequiredService<ITokenProvider>().Should().BeSameAs(provider.GetRequiredKeyedService<CoordinatedTokenProvider>("work"));
        provider.GetRequiredService<IHttpClientFactory>().CreateClient("api").BaseAddress.Should().Be("https://api.example.com/");
    }

    [Fact]
    public async Task The_configurations_example_resolves_its_login()
    {
        var services = new ServiceCollection();
        var proxy = new WebProxy("http://proxy.example.com");
        var configuration = new ConfigurationManager
        {
            ["TokenRefresh:CredentialsPath"] = "~/.my-cli/.credentials.json",
            ["TokenRefresh:TokenEndpoint"] = "https://auth.example.com/token",
            ["TokenRefresh:ClientId"] = "my-cli",
        };

        #region configuration
        services.AddTokenRefresh(configuration.GetSection("TokenRefresh"))
            .ConfigureTokenEndpointClient(
                client => client.ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { Proxy = proxy }));
        #endregion

        await using ServiceProvider provider = services.BuildServiceProvider();
        provider.GetRequiredService<CoordinatedTokenProvider>().Should().NotBeNull();
    }

    [Fact]
    public async Task The_static_provider_answers_a_rejection_with_its_second_token()
    {
        #region static-provider
        var tokens = new StaticTokenProvider(new AccessToken("first"), afterRejection: new AccessToken("second"));

        AccessToken token = await tokens.GetAccessTokenAsync();
        AccessToken next = await tokens.RefreshAccessTokenAsync(token);
        #endregion

        (token.Value, next.Value).Should().Be(("first", "second"));
    }

    [Fact]
    public async Task A_fake_registered_later_is_the_one_that_is_resolved()
    {
        var services = new ServiceCollection();
        services.AddTokenRefresh(options => options.CredentialsPath = "unused")
            .UseStore(new UnusedStore())
            .UseTokenEndpointClient(new UnusedTokenEndpointClient());

        #region fake-in-container
        services.AddSingleton<ITokenProvider>(new StaticTokenProvider("fake"));
        #endregion

        await using ServiceProvider provider = services.BuildServiceProvider();
        (await provider.GetRequiredService<ITokenProvider>().GetAccessTokenAsync()).Value.Should().Be("fake");
    }

    [Fact]
    public async Task The_real_provider_works_over_a_login_in_memory()
    {
        DateTimeOffset expiresAt = TimeProvider.System.GetUtcNow().AddHours(1);

        #region in-memory
        var login = new OAuthCredentials("access", "refresh", expiresAt);
        using var store = new InMemoryCredentialsStore(login);
        await using var tokens = CoordinatedTokenProvider.Create(
            options =>
            {
                options.TokenEndpoint = new Uri("https://auth.example.com/token");
                options.ClientId = "my-cli";
            },
            new CoordinatedTokenProviderServices { CredentialsStore = store });
        #endregion

        (await tokens.GetAccessTokenAsync()).Value.Should().Be("access");
    }

    [Fact]
    public async Task The_real_provider_refreshes_at_a_server_of_the_test()
    {
        #region loopback-server
        await using var server = await LoopbackAuthorizationServer.StartAsync();
        using var store = new InMemoryCredentialsStore(server.IssueLogin(TimeSpan.FromMinutes(-1)).Credentials);
        await using var tokens = CoordinatedTokenProvider.Create(
            options => (options.TokenEndpoint, options.ClientId) = (server.TokenUri, "my-cli"),
            new CoordinatedTokenProviderServices { CredentialsStore = store });

        server.EnqueueTokenBehavior(TokenEndpointBehavior.DelayBy(TimeSpan.FromMilliseconds(10)));
        AccessToken token = await tokens.GetAccessTokenAsync();

        bool isAccepted = server.IsAccepted(token.Value);
        AuthorizationServerBooks books = server.Books;
        #endregion

        isAccepted.Should().BeTrue();
        books.TokenRequests.Should().Be(1);
    }

    // Compiled only: there is no such server.
    internal static async Task<string> WithoutContainerAsync()
    {
        #region without-container
        await using var tokens = CoordinatedTokenProvider.Create(options =>
        {
            options.CredentialsPath = "~/.my-cli/.credentials.json";
            options.TokenEndpoint = new Uri("https://auth.example.com/token");
            options.ClientId = "my-cli";
        });
        using var http = new HttpClient(new BearerTokenHandler(tokens) { InnerHandler = new SocketsHttpHandler() });

        string answer = await http.GetStringAsync("https://api.example.com/v1/me");
        #endregion

        return answer;
    }

    internal static async Task SignInAndOutAsync(
        CoordinatedTokenProvider tokens, string accessToken, string refreshToken, DateTimeOffset expiresAt)
    {
        #region sign-in
        await tokens.StoreAsync(new OAuthCredentials(accessToken, refreshToken, expiresAt));

        TokenRefreshStatus status = await tokens.GetStatusAsync();
        Console.WriteLine($"{status.State}, access token expires {status.AccessTokenExpiresAt}");

        await tokens.RemoveAsync();
        #endregion
    }

    internal static async Task<string> ErrorsAsync(CoordinatedTokenProvider tokens, CancellationToken cancellationToken)
    {
        #region errors
        try
        {
            AccessToken token = await tokens.GetAccessTokenAsync(cancellationToken);
            return token.HeaderValue;
        }
        catch (SignInRequiredException e)
        {
            return $"Please sign in again ({e.Reason}).";
        }
        catch (TokenRefreshException e) when (e.IsTransient)
        {
            return $"Please try again later: {e.Message}";
        }
        #endregion
    }

    private static IEnumerable<Type> Chain(HttpMessageHandler? handler)
    {
        for (; handler is not null; handler = (handler as DelegatingHandler)?.InnerHandler)
        {
            yield return handler.GetType();
        }
    }

    // Compiled only, and so in a class that xunit does not see: it runs as Contracts.SqliteStoreTests.
    private static class Conformance
    {
        #region conformance
        public sealed class SqliteStoreTests : CredentialsStoreConformanceTests
        {
            protected override ValueTask<ICredentialsStore> OpenStoreAsync(string medium) =>
                new(new SqliteCredentialsStore(Path.Combine(medium, "login.db"), "my-cli"));
        }
        #endregion
    }
}
