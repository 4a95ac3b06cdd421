namespace Consumer;

public sealed class InMemoryStoreTests : CredentialsStoreConformanceTests
{
    private readonly InMemoryCredentialsStore _store = new();

    protected override bool IsSharedByProcesses => false;

    protected override ValueTask<ICredentialsStore> OpenStoreAsync(string medium) => new(_store);
}

public sealed class ServerTests
{
    [Fact]
    public async Task An_expired_token_costs_one_grant_and_no_reuse()
    {
        await using var server = await LoopbackAuthorizationServer.StartAsync();
        using var store = new InMemoryCredentialsStore(server.IssueLogin(TimeSpan.FromMinutes(-1)).Credentials);
        await using var tokens = CoordinatedTokenProvider.Create(
            options => (options.TokenEndpoint, options.ClientId) = (server.TokenUri, "consumer"),
            new CoordinatedTokenProviderServices { CredentialsStore = store });
        server.EnqueueTokenBehavior(TokenEndpointBehavior.DelayBy(TimeSpan.FromMilliseconds(1)));
        using var http = new HttpClient(new BearerTokenHandler(tokens) { InnerHandler = new SocketsHttpHandler() });

        using HttpResponseMessage answer = await http.GetAsync(server.ApiUri, TestContext.Current.CancellationToken);

        Assert.True(answer.IsSuccessStatusCode);
        Assert.Equal((1, 1, 0), (server.Books.TokenRequests, server.Books.Grants, server.Books.Reuses));
    }
}
