using Microsoft.Extensions.DependencyInjection;
using TokenRefresh;
using TokenRefresh.TestKit.Logins;

namespace Recipes.Support;

/// <summary>What a recipe finds: a login in a file, whose first access token does not work any more, and a server that wants one.</summary>
internal sealed class Setting(SharedLogin login, ResourceServer server) : IAsyncDisposable
{
    private ServiceProvider? _provider;

    public Uri Api => server.Origin;

    public Uri GrpcApi => server.GrpcOrigin;

    public CoordinatedTokenProvider Tokens { get; } = login.CreateProvider();

    public string Path => login.Path;

    public Uri TokenEndpoint => login.Server.TokenUri;

    /// <summary>Makes a login, as a user in a browser does.</summary>
    public OAuthCredentials SignIn() => login.Server.IssueLogin().Credentials;

    public bool IsAccepted(AccessToken token) => login.Server.IsAccepted(token.Value);

    /// <summary>Makes a container that has the login.</summary>
    public IServiceCollection CreateServices()
    {
        var services = new ServiceCollection();
        services.AddTokenRefresh(options =>
        {
            options.CredentialsPath = login.Path;
            options.TokenEndpoint = login.Server.TokenUri;
            options.ClientId = "recipes";
        });
        return services;
    }

    /// <summary>Builds the container; it is disposed with the setting.</summary>
    public IServiceProvider Build(IServiceCollection services) => _provider = services.BuildServiceProvider(validateScopes: true);

    public async ValueTask DisposeAsync()
    {
        if (_provider is not null)
        {
            await _provider.DisposeAsync();
        }
    }
}
