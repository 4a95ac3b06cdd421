namespace TokenRefresh.FreshProcess;

/// <summary>TokenRefresh as its README shows it.</summary>
internal sealed class TokenRefreshSender : IRequestSender
{
    private readonly CoordinatedTokenProvider _tokens;
    private readonly HttpClient _http;
    private readonly Uri _resource;

    internal TokenRefreshSender(string path, Uri tokenEndpoint, Uri resource)
    {
        _resource = resource;
        _tokens = CoordinatedTokenProvider.Create(options =>
        {
            options.CredentialsPath = path;
            options.TokenEndpoint = tokenEndpoint;
            options.ClientId = "benchmarks";
        });
        _http = new HttpClient(new BearerTokenHandler(_tokens) { InnerHandler = new SocketsHttpHandler() });
    }

    public async Task SendAsync()
    {
        using HttpResponseMessage answer = await _http.GetAsync(_resource);
        answer.EnsureSuccessStatusCode();
    }

    public void Dispose()
    {
        _http.Dispose();
        _tokens.Dispose();
    }
}
