using FluentAssertions;
using TokenRefresh.TestKit;
using static TokenRefresh.Tests.Http.GivenHandler;

namespace TokenRefresh.Tests.Http;

public sealed class SharedAddressTests
{
    private const int Threads = 2;
    private const int Rounds = 5_000;

    /// <summary>
    /// A <see cref="Uri"/> works its parts out when they are first asked for, and its <c>IsLoopback</c> is wrong for a moment where two
    /// threads are first: with it, some five requests of each run here go out bare. More threads, or more rounds, take minutes where
    /// other programs keep the processors busy.
    /// </summary>
    [Theory]
    [FailureMode("F92")]
    [InlineData("http://127.0.0.1:5000/x")]
    [InlineData("http://localhost:5000/x")]
    [InlineData("http://[::1]:5000/x")]
    [InlineData("https://api.example.com/x")]
    public async Task A_token_is_attached_no_matter_who_first_uses_an_address_that_threads_share(string address)
    {
        int bare = 0;
        using HttpMessageInvoker client = Client(
            new StaticTokenProvider("token"),
            request =>
            {
                if (request.Headers.Authorization is null)
                {
                    Interlocked.Increment(ref bare);
                }

                return Ok();
            },
            new BearerTokenHandlerOptions { AllowedOrigins = { new Uri(address).GetLeftPart(UriPartial.Authority) } });
        Uri shared = null!;
        using var start = new Barrier(Threads, _ => shared = new Uri(address));

        await Task.WhenAll(
            Enumerable.Range(0, Threads)
                .Select(_ => Task.Factory.StartNew(Send, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));

        bare.Should().Be(0);

        void Send()
        {
            for (var round = 0; round < Rounds; round++)
            {
                start.SignalAndWait();
                using var request = new HttpRequestMessage(HttpMethod.Get, shared);
                using HttpResponseMessage response = client.SendAsync(request, CancellationToken.None).GetAwaiter().GetResult();
            }
        }
    }
}
