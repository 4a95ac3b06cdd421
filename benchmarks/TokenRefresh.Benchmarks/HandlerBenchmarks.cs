using System.Net;
using System.Net.Http.Headers;
using BenchmarkDotNet.Attributes;
using TokenRefresh.Benchmarks.Reporting;
using TokenRefresh.Benchmarks.Workers;

namespace TokenRefresh.Benchmarks;

/// <summary>What the handler adds to a request, over an inner handler that answers at once from memory.</summary>
public class HandlerBenchmarks : IAsyncDisposable, IHostedQuestion
{
    private static readonly Uri Resource = new("https://api.example.com/v1/me");

    private readonly ForwardClock _clock = new();
    private HttpMessageInvoker _bare = null!;
    private HttpMessageInvoker _passThrough = null!;
    private HttpMessageInvoker _bearer = null!;
    private HttpMessageInvoker _bareLater = null!;
    private HttpMessageInvoker _bearerLater = null!;
    private HttpMessageInvoker _rejected = null!;
    private HttpMessageInvoker _rejectedAndExchanged = null!;
    private CoordinatedTokenProvider _provider = null!;
    private CoordinatedTokenProvider _exchanging = null!;
    private int _rejections;

    string IHostedQuestion.Title => "Handler: a request that gets its token";

    string IHostedQuestion.Setting => "One request through a pipeline whose innermost handler answers at once from memory.";

    IReadOnlyList<Target> IHostedQuestion.GetTargets(HostedResults results) =>
    [
        // One object: the state of the asynchronous method, which the answer of any real server needs.
        new(
            "bytes over a header set by hand, answered later (one object)",
            184,
            results.Bytes(nameof(BearerLater)) - results.Bytes(nameof(SetByHandLater)),
            "B"),
    ];

    [GlobalSetup]
    public async Task SetUpAsync()
    {
        _provider = CreateProvider(TimeProvider.System);
        _exchanging = CreateProvider(_clock);
        _bare = new HttpMessageInvoker(new Answering());
        _passThrough = new HttpMessageInvoker(new PassThrough { InnerHandler = new Answering() });
        _bearer = new HttpMessageInvoker(new BearerTokenHandler(_provider) { InnerHandler = new Answering() });
        _bareLater = new HttpMessageInvoker(new AnsweringLater());
        _bearerLater = new HttpMessageInvoker(new BearerTokenHandler(_provider) { InnerHandler = new AnsweringLater() });
        var twoTokens = new StaticTokenProvider(new AccessToken("first"), afterRejection: new AccessToken("second"));
        _rejected = new HttpMessageInvoker(new BearerTokenHandler(twoTokens) { InnerHandler = new RejectingFirst() });
        _rejectedAndExchanged = new HttpMessageInvoker(new BearerTokenHandler(_exchanging) { InnerHandler = new RejectingFirst() });
        await _provider.GetAccessTokenAsync();
        await _exchanging.GetAccessTokenAsync();
    }

    [GlobalCleanup]
    public async ValueTask DisposeAsync()
    {
        HttpMessageInvoker[] all = [_bare, _passThrough, _bearer, _bareLater, _bearerLater, _rejected, _rejectedAndExchanged];
        foreach (HttpMessageInvoker invoker in all)
        {
            invoker.Dispose();
        }

        await _provider.DisposeAsync();
        await _exchanging.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Benchmark(Baseline = true, Description = "no header, no handler")]
    public Task<HttpResponseMessage> Bare() => _bare.SendAsync(CreateRequest(), CancellationToken.None);

    [Benchmark(Description = "no header, a handler that passes on")]
    public Task<HttpResponseMessage> PassedOn() => _passThrough.SendAsync(CreateRequest(), CancellationToken.None);

    [Benchmark(Description = "header set by hand")]
    public Task<HttpResponseMessage> SetByHand() => _bare.SendAsync(WithHeader(CreateRequest()), CancellationToken.None);

    [Benchmark(Description = "BearerTokenHandler")]
    public Task<HttpResponseMessage> Bearer() => _bearer.SendAsync(CreateRequest(), CancellationToken.None);

    [Benchmark(Description = "header set by hand, answered later")]
    public Task<HttpResponseMessage> SetByHandLater() => _bareLater.SendAsync(WithHeader(CreateRequest()), CancellationToken.None);

    [Benchmark(Description = "BearerTokenHandler, answered later")]
    public Task<HttpResponseMessage> BearerLater() => _bearerLater.SendAsync(CreateRequest(), CancellationToken.None);

    [Benchmark(Description = "BearerTokenHandler: 401, another token, sent again")]
    public Task<HttpResponseMessage> Rejected() => _rejected.SendAsync(CreateRequest(), CancellationToken.None);

    [Benchmark(Description = "BearerTokenHandler: 401, whole refresh in memory, sent again")]
    public Task<HttpResponseMessage> RejectedAndExchanged()
    {
        // A token that was obtained in the last half minute is not refreshed again because of a 401.
        _clock.SetAhead(TimeSpan.FromMinutes(2 * ++_rejections));
        return _rejectedAndExchanged.SendAsync(CreateRequest(), CancellationToken.None);
    }

    private static HttpRequestMessage CreateRequest() => new(HttpMethod.Get, Resource);

    private static HttpRequestMessage WithHeader(HttpRequestMessage request)
    {
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", "access-token");
        return request;
    }

    private static CoordinatedTokenProvider CreateProvider(TimeProvider timeProvider) => CoordinatedTokenProvider.Create(
        o =>
        {
            o.TokenEndpoint = new Uri("https://localhost/in-memory");
            o.ClientId = "benchmarks";
            o.HandleProcessSignals = false;
        },
        new CoordinatedTokenProviderServices
        {
            CredentialsStore = new InMemoryCredentialsStore(
                new OAuthCredentials("access-token", "refresh-token", TimeProvider.System.GetUtcNow().AddDays(300))),
            TokenEndpointClient = new InMemoryEndpoint(TimeSpan.FromDays(300)),
            TimeProvider = timeProvider,
        });

    private sealed class PassThrough : DelegatingHandler;

    private sealed class Answering : HttpMessageHandler
    {
        private readonly Task<HttpResponseMessage> _answer = Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK));

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => _answer;
    }

    // As a socket does: after the call has returned, and on another thread.
    private sealed class AnsweringLater : HttpMessageHandler
    {
        private readonly HttpResponseMessage _answer = new(HttpStatusCode.OK);

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            await Task.Yield();
            return _answer;
        }
    }

    private sealed class RejectingFirst : HttpMessageHandler
    {
        private readonly Task<HttpResponseMessage> _answer = Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK));
        private int _requests;

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            _requests++ % 2 == 0 ? Task.FromResult(new HttpResponseMessage(HttpStatusCode.Unauthorized)) : _answer;
    }
}
