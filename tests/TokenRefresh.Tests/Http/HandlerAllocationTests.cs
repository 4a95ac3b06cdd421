using System.Net;
using FluentAssertions;

namespace TokenRefresh.Tests.Http;

public sealed class HandlerAllocationTests
{
#if DEBUG
    private const long MostBytes = 420;
#else
    private const long MostBytes = 340;
#endif
    private const int Rounds = 2000;
    private static readonly Uri Resource = new("https://api.example.com/v1/messages");

    [Fact]
    public void With_a_valid_token_the_handler_costs_a_request_no_more_than_this()
    {
        var options = new BearerTokenHandlerOptions { AllowedOrigins = { "https://api.example.com" } };
        var tokens = new StaticTokenProvider("token");

        long bare = BytesPerRequest(new PassThrough());
        long bearer = BytesPerRequest(new BearerTokenHandler(tokens, options));

        // The state of the whole asynchronous way, what it takes to send again, and the request's options, which their getter makes;
        // without optimization the state is two objects.
        (bearer - bare).Should().BeLessThanOrEqualTo(MostBytes);
    }

    // The inner handler answers after the call returned, as a socket does, but on this thread, so that its allocations are counted here.
    private static long BytesPerRequest(DelegatingHandler handler)
    {
        var inner = new Deferred();
        handler.InnerHandler = inner;
        using var invoker = new HttpMessageInvoker(handler);
        for (int i = 0; i < Rounds; i++)
        {
            Round(invoker, inner);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < Rounds; i++)
        {
            Round(invoker, inner);
        }

        return (GC.GetAllocatedBytesForCurrentThread() - before) / Rounds;
    }

    private static void Round(HttpMessageInvoker invoker, Deferred inner)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, Resource);
        request.Headers.TryAddWithoutValidation("User-Agent", "test");
        Task<HttpResponseMessage> sending = invoker.SendAsync(request, CancellationToken.None);
        inner.Answer.SetResult(new HttpResponseMessage(HttpStatusCode.OK));
        if (!sending.IsCompletedSuccessfully)
        {
            throw new InvalidOperationException("The answer must arrive on this thread.");
        }
    }

    private sealed class PassThrough : DelegatingHandler;

    private sealed class Deferred : HttpMessageHandler
    {
        public TaskCompletionSource<HttpResponseMessage> Answer { get; private set; } = new();

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Answer = new TaskCompletionSource<HttpResponseMessage>();
            return Answer.Task;
        }
    }
}
