using System.Text;
using FluentAssertions;
using TokenRefresh.Endpoint;
using TokenRefresh.Stores;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;
using TokenRefresh.Tests.Credentials;
using TokenRefresh.Tests.Refresh;
using FakeHandler = TokenRefresh.Tests.Wire.FakeHandler;

namespace TokenRefresh.Tests.Diagnostics;

/// <summary>Every class of failure, with every way out at its most talkative.</summary>
[FailureMode("F88")]
public sealed class SecretLeakTests : IDisposable
{
    private const string ClientSecret = "qJ7vX2mL9sRt4WzB8nKd";
    private const string Assertion = "Yw5hN8cPf3UaQ6eGk1Ob.Tz4xVr7jDi2SmHl9";
    private const string GatewayKey = "gK2pZt8VwLx5RbN3cJf7";

    // Between two tries to connect.
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(3);

    private readonly ManualTimeProvider _clock = new();
    private readonly CollectedOutput _output = new();

    public SecretLeakTests() =>
        _output.AddSecrets(ClientSecret, Assertion, GatewayKey, Convert.ToBase64String(Encoding.UTF8.GetBytes($"tests:{ClientSecret}")));

    [Theory]
    [InlineData(ClientAuthentication.ClientSecretPost)]
    [InlineData(ClientAuthentication.ClientSecretBasic)]
    [InlineData(ClientAuthentication.ClientAssertion)]
    public async Task No_answer_of_the_token_endpoint_makes_a_secret_leave(ClientAuthentication authentication)
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(
            new() { TimeProvider = _clock, RefreshTokenReuseWindow = TimeSpan.FromHours(1) });
        foreach (Func<IssuedLogin, TokenEndpointBehavior> failure in Answers())
        {
            // Each on a login of its own, so that no pause of the one before keeps it from happening.
            StoreAnother(login);
            login.Server.DefaultTokenBehavior = failure(login.Login);
            await using CoordinatedTokenProvider provider = login.CreateProvider(
                o => Configure(o, login, authentication), _output.Services(_clock));

            await UseAsync(provider, login);
            await _output.RunAsync(() => provider.RemoveAsync());

            _output.AddFilesOf(login);
            Directory.EnumerateFiles(login.Directory.Path)
                .Should().BeEquivalentTo([login.Path, login.LockPath], "no temp file with a pair in it may stay behind");
        }

        // Those of answers that were lost or broken among them.
        _output.AddSecrets([.. login.Server.IssuedTokens]);
        foreach (ReceivedTokenRequest request in login.Server.ReceivedTokenRequests)
        {
            _output.AddSecrets(request.Parameters["refresh_token"]);
        }

        _output.ShouldSay(login.Path, "token_refresh.refresh.duration", "token_refresh.exchange", "***");
        _output.Secrets.Should().BeGreaterThan(50);
        _output.Leaks.Should().Be(0);
    }

    [Theory]
    [InlineData(HttpRequestError.NameResolutionError)]
    [InlineData(HttpRequestError.ConnectionError)]
    [InlineData(HttpRequestError.Unknown)]
    public async Task A_handler_that_quotes_the_request_in_its_error_makes_no_secret_leave(HttpRequestError error)
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _clock });
        StoreAnother(login);
        using var invoker = new HttpMessageInvoker(new FakeHandler(async (request, _, cancellationToken) =>
        {
            string body = error == HttpRequestError.Unknown
                ? await request.Content!.ReadAsStringAsync(cancellationToken)
                : $"refresh_token={login.Login.RefreshToken}&client_secret={ClientSecret}&client_assertion={Assertion}";
            var inner = new InvalidOperationException($"{request.Headers} for {login.Login.AccessToken}");
            throw new HttpRequestException(error, $"Sending '{body}' failed.", inner);
        }));
        ClientAuthentication[] withSecret =
        [
            ClientAuthentication.ClientSecretPost, ClientAuthentication.ClientSecretBasic, ClientAuthentication.ClientAssertion,
        ];
        foreach (ClientAuthentication authentication in withSecret)
        {
            StoreAnother(login);
            CoordinatedTokenProvider provider = login.CreateProvider(
                o => Configure(o, login, authentication), _output.Services(_clock, invoker));

            await _clock.AdvanceThroughShortPausesAsync(UseAndSignOutAsync(provider, login), LongestPause);
        }

        _output.AddFilesOf(login);

        _output.ShouldSay("withheld", "The revocation endpoint did not confirm");
        _output.Leaks.Should().Be(0);
    }

    [Theory]
    [InlineData(Assertion)]
    [InlineData(GatewayKey)]
    public async Task A_handler_that_quotes_a_further_parameter_or_header_makes_no_secret_leave(string quoted)
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _clock });
        StoreAnother(login);
        using var invoker = new HttpMessageInvoker(
            new FakeHandler(
                (_, _, _) => throw new HttpRequestException(HttpRequestError.ConnectionError, $"The gateway does not know '{quoted}'.")));
        CoordinatedTokenProvider provider = login.CreateProvider(
            o => Configure(o, login, ClientAuthentication.None), _output.Services(_clock, invoker));

        await _clock.AdvanceThroughShortPausesAsync(UseAndSignOutAsync(provider, login), LongestPause);

        _output.AddFilesOf(login);
        _output.ShouldSay("withheld", "The revocation endpoint did not confirm");
        _output.Leaks.Should().Be(0);
    }

    [Theory]
    [InlineData(true, ClientAuthentication.None)]
    [InlineData(false, ClientAuthentication.None)]
    [InlineData(false, ClientAuthentication.ClientSecretBasic)]
    public async Task A_client_of_the_user_s_own_that_throws_what_it_sent_makes_no_secret_leave(
        bool isToken, ClientAuthentication authentication)
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _clock });
        StoreAnother(login);
        string quoted = isToken ? login.Login.AccessToken : Assertion;
        CoordinatedTokenProvider provider = login.CreateProvider(
            o =>
            {
                // Such a client may know better how to authenticate.
                Configure(o, login, authentication);
                (o.ClientId, o.ClientSecret) = (null, null);
            },
            _output.Services(_clock, new TalkativeClient(isToken, quoted)));

        await UseAsync(provider, login);
        await _output.RunAsync(() => provider.RemoveAsync());

        _output.ShouldSay("withheld");
        _output.Leaks.Should().Be(0);
    }

    [Fact]
    public async Task Neither_does_a_lock_that_is_not_had_in_time()
    {
        Assert.SkipWhen(
            OperatingSystem.IsWindows(), "The foreign holder uses flock; Windows locks are held by a child process in the process tests.");
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _clock });
        StoreAnother(login);
        using ForeignLock foreign = ForeignLock.Hold(
            login.LockPath, new LockHolder(Environment.ProcessId, "other", Environment.MachineName, _clock.Start));
        CoordinatedTokenProvider provider = login.CreateProvider(
            o => Configure(o, login, ClientAuthentication.ClientSecretPost), _output.Services(_clock));

        await _clock.AdvanceUntilAsync(
            Task.WhenAll(UseAsync(provider, login), _output.RunAsync(() => provider.RemoveAsync())), TimeSpan.FromSeconds(1));

        foreign.Dispose();
        _output.AddFilesOf(login);
        _output.ShouldSay(nameof(LockTimeoutException));
        _output.Leaks.Should().Be(0);
    }

    [Theory]
    [InlineData("create", false, "No space left on device", nameof(CredentialsFileException))]
    [InlineData("temp.write", false, "No space left on device", nameof(CredentialsSaveException), "could not save the new tokens yet")]
    [InlineData("temp.flush", false, "No space left on device", nameof(CredentialsSaveException), "could not save the new tokens yet")]
    [InlineData("replace", false, "No space left on device", nameof(CredentialsSaveException))]
    [InlineData("write in place", true, "No space left on device", nameof(CredentialsSaveException))]
    [InlineData("", true, nameof(TokensRefreshedEvent))]
    public async Task Neither_does_a_save_that_fails_waits_in_memory_or_goes_in_place(
        string failing, bool isMountPoint, params string[] said)
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _clock });
        StoreAnother(login);
        var isBlocked = true;
        var files = new FileOperationsSpy { MountPoint = isMountPoint, CannotReplace = isMountPoint };
        files.Before = operation =>
        {
            if (operation == failing && isBlocked)
            {
                throw new IOException("No space left on device");
            }
        };
        using FileCredentialsStore store = login.CreateStore(files, _clock);
        CoordinatedTokenProvider provider = login.CreateProvider(
            o => Configure(o, login, ClientAuthentication.ClientSecretPost), _output.Services(_clock, store));
        CoordinatedTokenProvider another = login.CreateProvider(
            o => Configure(o, login, ClientAuthentication.ClientSecretPost), _output.Services(_clock));

        await UseAsync(provider, login);
        _output.AddFilesOf(login);
        await UseAsync(another, login);
        isBlocked = false;
        await provider.DisposeAsync();

        _output.AddFilesOf(login);
        _output.AddSecrets((await store.ReadAsync())!.RefreshToken!);
        foreach (string temp in files.TempPaths)
        {
            _output.Add(temp);
        }

        _output.ShouldSay([login.Path, .. said]);
        _output.Leaks.Should().Be(0);
    }

    [Theory]
    [InlineData("""{"claudeAiOauth":{"accessToken":"ACCESS","refreshToken":"REFRESH","expiresAt":"ACCESS"}}""")]
    [InlineData("""{"claudeAiOauth":{"accessToken":"ACCESS","refreshToken":REFRESH}}""")]
    [InlineData("""{"claudeAiOauth":{"accessToken":["ACCESS"],"refreshToken":{"REFRESH":1}}}""")]
    [InlineData("""{"claudeAiOauth":"ACCESS REFRESH"}""")]
    [InlineData("""{"claudeAiOauth":{"accessToken":"ACCESS","refreshToken":"REFRESH""")]
    [InlineData("""ACCESS REFRESH""")]
    [InlineData("""{"claudeAiOauth":{"accessToken":"ACCESS","expiresAt":1}}""")]
    [InlineData("""{"claudeAiOauth":{"accessToken":"ACCESS\u0001x","refreshToken":"REFRESH","expiresAt":9999999999999}}""")]
    public async Task Neither_does_a_file_that_cannot_be_read_or_used(string content)
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _clock });
        StoreAnother(login);
        await File.WriteAllTextAsync(
            login.Path,
            content.Replace("ACCESS", login.Login.AccessToken, StringComparison.Ordinal)
                .Replace("REFRESH", login.Login.RefreshToken, StringComparison.Ordinal));
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.Throttle(503, retryAfter: null);
        CoordinatedTokenProvider provider = login.CreateProvider(
            o => Configure(o, login, ClientAuthentication.ClientSecretPost), _output.Services(_clock));

        await _clock.AdvanceThroughShortPausesAsync(UseAndSignOutAsync(provider, login), LongestPause);

        _output.AddFilesOf(login);
        _output.ShouldSay("Exception");
        _output.Leaks.Should().Be(0);
    }

    [Fact]
    public async Task Neither_does_a_login_that_is_of_another_account_or_came_back()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _clock });
        StoreAnother(login);
        const string Account = "0b5c7a1e-7f3a9c4d";
        _output.AddSecrets(Account, "qz7vk.4xw9@zq3jt.invalid");
        byte[] used = await File.ReadAllBytesAsync(login.Path);
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.Member(
            "account", $$"""{"uuid":"0000-first-account","email_address":"qz7vk.4xw9@zq3jt.invalid"}""");
        CoordinatedTokenProvider provider = login.CreateProvider(
            o => Configure(o, login, ClientAuthentication.ClientSecretPost), _output.Services(_clock));
        await UseAsync(provider, login);
        await File.WriteAllBytesAsync(login.Path, used);
        await UseAsync(
            login.CreateProvider(o => Configure(o, login, ClientAuthentication.ClientSecretPost), _output.Services(_clock)), login);
        IssuedLogin next = login.Server.IssueLogin();
        _output.AddSecrets(next.AccessToken, next.RefreshToken);
        await provider.StoreAsync(
            new OAuthCredentials(next.AccessToken, next.RefreshToken, DateTimeOffset.UnixEpoch.AddYears(50))
            {
                AccountId = "0000-first-account",
            });
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.Member("account", $$"""{"uuid":"{{Account}}"}""");

        await UseAsync(provider, login);

        _output.AddFilesOf(login);
        _output.ShouldSay(nameof(SignInRequiredReason.AccountMismatch), nameof(SignInRequiredReason.RolledBack));
        _output.Leaks.Should().Be(0);
    }

    public void Dispose() => _output.Dispose();

    private static IEnumerable<Func<IssuedLogin, TokenEndpointBehavior>> Answers()
    {
        yield return _ => TokenEndpointBehavior.Normal;
        yield return _ => TokenEndpointBehavior.Error("invalid_grant");
        yield return login => TokenEndpointBehavior.AnswerWith(
            404, $$$"""{"type":"error","error":{"type":"not_found_error","message":"Grant not found: {{{login.RefreshToken}}}"}}""");
        yield return login => TokenEndpointBehavior.AnswerWith(
            400, $"your token {login.RefreshToken} is bad, so is {login.AccessToken}", "text/plain");
        yield return login => TokenEndpointBehavior.AnswerWith(200, "{}", $"text/{login.RefreshToken}");
        yield return _ => TokenEndpointBehavior.Throttle(429, "30");
        yield return _ => TokenEndpointBehavior.Html(403);
        yield return _ => TokenEndpointBehavior.FailAfterProcessing();
        yield return _ => TokenEndpointBehavior.DropBeforeProcessing;
        yield return _ => TokenEndpointBehavior.DropAfterProcessing;
        yield return _ => TokenEndpointBehavior.ResetInBody(60);
        yield return _ => TokenEndpointBehavior.TruncateBody(60);
        yield return login => TokenEndpointBehavior.AnswerWith(
            307,
            headers: new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["Location"] = $"https://jo:{ClientSecret}@elsewhere.example.com/token?{login.RefreshToken}",
            });
        yield return _ => TokenEndpointBehavior.Member("expires_in", "-5");
        yield return login => TokenEndpointBehavior.Member("access_token", $"\"\",\"error_description\":\"{login.AccessToken}\"");
        (int Status, string Error)[] errors =
        [
            (400, "invalid_grant"), (400, "invalid_request"), (401, "invalid_client"), (400, "invalid_scope"), (403, "access_denied"),
            (429, "slow_down"), (500, "server_error"), (503, "temporarily_unavailable"), (200, "server_error"),
        ];
        foreach ((int status, string error) in errors)
        {
            yield return login => TokenEndpointBehavior.AnswerWith(status, Echo(error, login));
            yield return login => TokenEndpointBehavior.AnswerWith(
                status,
                $$"""{"error":"{{login.AccessToken}}","error_description":"{{login.RefreshToken[..20]}} {{login.AccessToken[3..]}}"}""");
        }
    }

    private static string Echo(string error, IssuedLogin login) =>
        $$"""{"error":"{{error}}","error_description":"token {{login.RefreshToken}} of {{login.AccessToken}},"""
        + $$""" that is {{login.RefreshToken[..20]}} and {{login.AccessToken[..20]}},"""
        + $$""" for {{ClientSecret}} {{Assertion[9..]}} {{GatewayKey}} {{Uri.EscapeDataString(login.AccessToken)}}"}""";

    private void StoreAnother(SharedLogin login)
    {
        login.Store(login.Server.IssueLogin(), DateTimeOffset.UnixEpoch.AddYears(50));
        _output.AddSecrets(login.Login.AccessToken, login.Login.RefreshToken);
    }

    private void Configure(TokenRefreshOptions options, SharedLogin login, ClientAuthentication authentication)
    {
        options.ClientAuthentication = authentication;
        bool hasSecret = authentication is ClientAuthentication.ClientSecretPost or ClientAuthentication.ClientSecretBasic;
        options.ClientSecret = hasSecret ? ClientSecret : null;
        options.RevocationEndpoint = login.Server.RevocationUri;
        if (authentication == ClientAuthentication.ClientAssertion)
        {
            // The answers quote it all the same, and this client knows it by this.
            options.AdditionalParameters["other_secret"] = ClientSecret;
            options.ClientAssertion = _ => new(Assertion);
        }
        else
        {
            options.AdditionalParameters["client_assertion"] = Assertion;
        }

        options.AdditionalHeaders["X-Gateway-Key"] = GatewayKey;
        _output.AttachTo(options);
    }

    private async Task UseAndSignOutAsync(CoordinatedTokenProvider provider, SharedLogin login)
    {
        await UseAsync(provider, login);
        await _output.RunAsync(() => provider.RemoveAsync());
    }

    private async Task UseAsync(CoordinatedTokenProvider provider, SharedLogin login)
    {
        using var client = new HttpClient(new BearerTokenHandler(provider) { InnerHandler = new SocketsHttpHandler() });
        await _output.RunAsync(async () => _output.Add(await provider.GetAccessTokenAsync()));
        await _output.RunAsync(async () => (await client.GetAsync(new Uri(login.Server.ApiUri, "always401"))).Dispose());
        await _output.RunAsync(async () => _output.Add(await provider.GetStatusAsync()));
    }

    private sealed class TalkativeClient(bool isToken, string quoted) : ITokenEndpointClient
    {
        public async ValueTask<TokenEndpointResult> RefreshAsync(TokenRequest request, CancellationToken cancellationToken = default)
        {
            await request.BeforeSendAsync(cancellationToken);
            throw new InvalidOperationException(
                $"'{(isToken ? request.RefreshToken : "It")}' failed.", new FormatException($"So did '{quoted}'."));
        }
    }
}
