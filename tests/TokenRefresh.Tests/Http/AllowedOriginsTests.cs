using FluentAssertions;
using TokenRefresh.TestKit;
using static TokenRefresh.Tests.Http.GivenHandler;

namespace TokenRefresh.Tests.Http;

public sealed class AllowedOriginsTests
{
    [Theory]
    [FailureMode("F70")]
    [InlineData("https://api.example.com/x", true)]
    [InlineData("https://API.example.com:443/x", true)]
    [InlineData("https://api.example.com:8443/x", false)]
    [InlineData("https://api.example.com.evil.example/x", false)]
    [InlineData("https://example.com/x", false)]
    [InlineData("http://api.example.com/x", false)]
    [InlineData("http://localhost:5000/x", true)]
    [InlineData("http://localhost:5001/x", false)]
    [InlineData("wss://api.example.com/x", true)]
    [InlineData("ws://api.example.com/x", false)]
    [InlineData("wss://example.com/x", false)]
    [InlineData("ws://localhost:5000/x", true)]
    [InlineData("wss://localhost:5000/x", false)]
    [InlineData("https://bücher.example/x", true)]
    [InlineData("https://xn--bcher-kva.example/x", true)]
    public async Task A_token_goes_to_allowed_origins_only_and_elsewhere_a_401_refreshes_nothing(string address, bool expected)
    {
        var tokens = new RotatingTokens();
        var options = new BearerTokenHandlerOptions
        {
            AllowedOrigins = { "https://api.example.com", "http://localhost:5000/", "https://BÜCHER.example" },
        };
        bool? carried = null;
        using HttpMessageInvoker client = Client(
            tokens,
            request =>
            {
                carried ??= request.Headers.Authorization is not null;
                return Unauthorized();
            },
            options);

        await SendAsync(client, r => r.RequestUri = new Uri(address));

        carried.Should().Be(expected);
        tokens.Refreshes.Should().Be(expected ? 1 : 0);
    }

    [Theory]
    [FailureMode("F92")]
    [InlineData("http://api.example.com/", false)]
    [InlineData("http://127.0.0.1:9/", true)]
    [InlineData("http://127.1:9/", true)]
    [InlineData("http://127.8.9.10/", true)]
    [InlineData("http://128.0.0.1/", false)]
    [InlineData("http://127.0.0.1.example.com/", false)]
    [InlineData("http://LocalHost:9/", true)]
    [InlineData("http://loopback:9/", true)]
    [InlineData("http://localhost.example.com/", false)]
    [InlineData("http://[::1]:9/", true)]
    [InlineData("http://[0:0:0:0:0:0:0:1]:9/", true)]
    [InlineData("http://[::ffff:7f00:1]:9/", true)]
    [InlineData("http://[::2]:9/", false)]
    [InlineData("http://user@127.0.0.1:9/", true)]
    [InlineData("http://127.0.0.1@example.com/", false)]
    [InlineData("https://anywhere.example/", true)]
    [InlineData("wss://anywhere.example/", true)]
    [InlineData("ws://anywhere.example/", false)]
    [InlineData("ws://127.0.0.1:9/", true)]
    [InlineData("ftp://127.0.0.1/", false)]
    public async Task Without_a_list_the_token_goes_over_https_and_to_loopback(string address, bool expected)
    {
        bool? carried = null;
        using HttpMessageInvoker client = Client(new RotatingTokens(), request =>
        {
            carried = request.Headers.Authorization is not null;
            return Ok();
        });

        await SendAsync(client, r => r.RequestUri = new Uri(address));

        carried.Should().Be(expected);
    }

    [Theory]
    [FailureMode("F70", "F92")]
    [InlineData("api.example.com")]
    [InlineData("https://api.example.com/v1")]
    [InlineData("https://api.example.com?x=1")]
    [InlineData("https://api.example.com/#x")]
    [InlineData("https://user:hunter2secret@api.example.com")]
    [InlineData("http://api.example.com")]
    [InlineData("file:///etc/passwd")]
    [InlineData("")]
    public void An_entry_that_is_no_safe_origin_is_refused_at_construction(string origin)
    {
        Action act = () => _ = new BearerTokenHandler(new RotatingTokens(), new BearerTokenHandlerOptions { AllowedOrigins = { origin } });

        act.Should().Throw<TokenRefreshConfigurationException>().WithMessage("'AllowedOrigins'*")
            .Which.Message.Should().NotContain("hunter2secret");
    }
}
