using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using FluentAssertions;
using Microsoft.Extensions.Logging;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Coordination;
using TokenRefresh.Tests.DependencyInjection;

namespace TokenRefresh.Tests.Diagnostics;

public sealed class SecretLeakTests
{
    private const string ClientSecret = "qJ7vX2mL9sRt4WzB8nKd";

    [Theory]
    [Trait("FailureMode", "F88")]
    [InlineData(ClientAuthentication.ClientSecretPost)]
    [InlineData(ClientAuthentication.ClientSecretBasic)]
    public async Task No_secret_or_part_of_one_leaves_by_any_way_through_every_class_of_failure(ClientAuthentication authentication)
    {
        var clock = new ManualTimeProvider();
        await using SharedLogin login = await SharedLogin.StartExpiredAsync(new() { TimeProvider = clock, RefreshTokenReuseWindow = TimeSpan.FromHours(1) });
        var output = new ConcurrentQueue<string>();
        using var logs = new CollectedLogs();
        using ILoggerFactory loggers = LoggerFactory.Create(b => b.SetMinimumLevel(LogLevel.Trace).AddProvider(logs));
        using var measured = new CollectedMeasurements();
        using ActivityListener listener = Listen(output);
        var secrets = new HashSet<string>(StringComparer.Ordinal) { ClientSecret, Convert.ToBase64String(Encoding.UTF8.GetBytes($"tests:{ClientSecret}")) };
        foreach (Func<IssuedLogin, TokenEndpointBehavior> failure in Failures())
        {
            // Each on a login of its own, so that no pause of the one before keeps it from happening.
            login.Store(login.Server.IssueLogin(), DateTimeOffset.UnixEpoch.AddYears(50));
            login.Server.DefaultTokenBehavior = failure(login.Login);
            secrets.Add(login.Login.AccessToken);
            secrets.Add(login.Login.RefreshToken);
            await using CoordinatedTokenProvider provider = login.CreateProvider(
                o =>
                {
                    o.ClientAuthentication = authentication;
                    o.ClientSecret = ClientSecret;
                    o.RevocationEndpoint = login.Server.RevocationUri;
                    Attach(o, output);
                    output.Enqueue(o.ToString());
                },
                new() { TimeProvider = clock, LoggerFactory = loggers, MeterFactory = measured.Factory });
            using var client = new HttpClient(new BearerTokenHandler(provider) { InnerHandler = new SocketsHttpHandler() });
            foreach (Func<Task> act in new Func<Task>[]
            {
                async () => Keep(await provider.GetAccessTokenAsync(), output, secrets),
                async () => (await client.GetAsync(new Uri(login.Server.ApiUri, "always401"))).Dispose(),
                async () => output.Enqueue((await provider.GetStatusAsync()).ToString()),
                () => provider.RemoveAsync(),
            })
            {
                output.Enqueue((await Record.ExceptionAsync(act))?.ToString() ?? "");
            }

            output.Enqueue(Encoding.Latin1.GetString(await File.ReadAllBytesAsync(login.LockPath)));
            Directory.EnumerateFiles(login.Directory.Path).Should().BeEquivalentTo([login.Path, login.LockPath], "no temp file with a pair in it may stay behind");
        }

        foreach (ReceivedTokenRequest request in login.Server.ReceivedTokenRequests)
        {
            secrets.Add(request.Parameters["refresh_token"]);
        }

        string everything = string.Join('\n', [.. output, logs.Text, .. measured.Lines]);

        everything.Should().Contain(login.Path).And.Contain("token_refresh.refresh.duration").And.Contain("token_refresh.exchange");
        secrets.Count.Should().BeGreaterThan(25);
        SecretSearch.CountLeaks(everything, secrets).Should().Be(0);
    }

    [Fact]
    [Trait("FailureMode", "F88")]
    public void The_search_for_parts_finds_nine_characters_of_a_secret_and_ignores_eight()
    {
        SecretSearch.CountLeaks($"text {ClientSecret[5..14]} text", [ClientSecret]).Should().Be(1);
        SecretSearch.CountLeaks($"text {ClientSecret[5..13]} text", [ClientSecret]).Should().Be(0);
    }

    private static IEnumerable<Func<IssuedLogin, TokenEndpointBehavior>> Failures()
    {
        yield return _ => TokenEndpointBehavior.Normal;
        yield return _ => TokenEndpointBehavior.Error("invalid_grant");
        yield return login => TokenEndpointBehavior.AnswerWith(400, $$"""{"error":"invalid_grant","error_description":"token {{login.RefreshToken}} of {{login.AccessToken}}, that is {{login.RefreshToken[..20]}}"}""");
        yield return login => TokenEndpointBehavior.AnswerWith(404, $$$"""{"type":"error","error":{"type":"not_found_error","message":"Grant not found: {{{login.RefreshToken}}}"}}""");
        yield return _ => TokenEndpointBehavior.AnswerWith(401, $$"""{"error":"invalid_client","error_description":"secret {{ClientSecret}}"}""");
        yield return login => TokenEndpointBehavior.AnswerWith(400, $"your token {login.RefreshToken} is bad", "text/plain");
        yield return _ => TokenEndpointBehavior.Throttle(429, "30");
        yield return _ => TokenEndpointBehavior.Html(403);
        yield return _ => TokenEndpointBehavior.FailAfterProcessing();
        yield return _ => TokenEndpointBehavior.DropBeforeProcessing;
        yield return _ => TokenEndpointBehavior.DropAfterProcessing;
        yield return _ => TokenEndpointBehavior.ResetInBody(60);
        yield return _ => TokenEndpointBehavior.TruncateBody(60);
        yield return _ => TokenEndpointBehavior.AnswerWith(307, headers: new Dictionary<string, string>(StringComparer.Ordinal) { ["Location"] = "https://elsewhere.example.com/token" });
        yield return _ => TokenEndpointBehavior.Member("expires_in", "-5");
    }

    private static void Keep(AccessToken token, ConcurrentQueue<string> output, HashSet<string> secrets)
    {
        secrets.Add(token.Value);
        output.Enqueue(token.ToString());
    }

    private static void Attach(TokenRefreshOptions options, ConcurrentQueue<string> output)
    {
        options.Events.Refreshed = KeepAsync;
        options.Events.Adopted = KeepAsync;
        options.Events.SaveFailed = KeepAsync;
        options.Events.PairDropped = KeepAsync;
        options.Events.SignInRequired = KeepAsync;

        ValueTask KeepAsync<T>(T e)
        {
            output.Enqueue($"{e}");
            return default;
        }
    }

    private static ActivityListener Listen(ConcurrentQueue<string> output)
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = _ => true,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity => output.Enqueue($"{activity.OperationName} {activity.StatusDescription} {string.Join(' ', activity.TagObjects)} {string.Join(' ', activity.Events.SelectMany(e => e.Tags))}"),
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }
}
