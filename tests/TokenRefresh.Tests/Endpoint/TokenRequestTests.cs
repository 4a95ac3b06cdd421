using System.Net;
using System.Text;
using FluentAssertions;
using Microsoft.Extensions.Logging.Abstractions;
using TokenRefresh.Endpoint;
using TokenRefresh.Tests.Wire;

namespace TokenRefresh.Tests.Endpoint;

public sealed class TokenRequestTests
{
    private const string Pair = """{"access_token":"at","refresh_token":"rt","expires_in":3600}""";

    [Fact]
    public async Task A_public_client_sends_the_form_of_rfc_6749_section_6()
    {
        WireRequest request = await SendAsync(o => o.Scope = "user:read user:write");

        request.Method.Should().Be("POST");
        request["Content-Type"].Should().Be("application/x-www-form-urlencoded");
        request["Accept"].Should().Be("application/json");
        request["Authorization"].Should().BeNull();
        request.Body
            .Should().Be($"grant_type=refresh_token&refresh_token={Given.RefreshToken}&client_id=my-cli&scope=user%3Aread+user%3Awrite");
    }

    [Fact]
    public async Task Client_secret_post_sends_identifier_and_secret_in_the_body()
    {
        WireRequest request = await SendAsync(o =>
        {
            o.ClientAuthentication = ClientAuthentication.ClientSecretPost;
            o.ClientSecret = Given.ClientSecret;
        });

        request["Authorization"].Should().BeNull();
        request.Form.Should().Contain("client_id", "my-cli").And.Contain("client_secret", Given.ClientSecret);
    }

    [Fact]
    public async Task Client_secret_basic_encodes_each_part_and_keeps_the_body_free_of_them()
    {
        WireRequest request = await SendAsync(o =>
        {
            o.ClientId = "my:cli";
            o.ClientAuthentication = ClientAuthentication.ClientSecretBasic;
            o.ClientSecret = Given.ClientSecret;
        });

        string[] parts = Encoding.ASCII.GetString(Convert.FromBase64String(request.Bearer!)).Split(':');
        parts.Select(p => WebUtility.UrlDecode(p)).Should().Equal("my:cli", Given.ClientSecret);
        request.Form.Should().NotContainKey("client_id").And.NotContainKey("client_secret");
    }

    [Fact]
    public async Task A_json_body_carries_the_same_members_and_the_additional_ones()
    {
        WireRequest request = await SendAsync(o =>
        {
            o.RequestFormat = TokenRequestFormat.Json;
            o.AdditionalParameters["resource"] = "https://api.example.com/\"quoted\"";
        });

        request["Content-Type"].Should().Be("application/json");
        request.Body.Should().Be(
                $$"""{"grant_type":"refresh_token","refresh_token":"{{Given.RefreshToken}}","client_id":"my-cli","resource":"https:"""
                + """//api.example.com/\"quoted\""}""");
    }

    [Fact]
    public async Task Additional_parameters_and_headers_are_sent_and_a_header_replaces_a_default_one()
    {
        WireRequest request = await SendAsync(o =>
        {
            o.AdditionalParameters["audience"] = "a&b";
            o.AdditionalHeaders["X-Beta"] = "oauth-2025";
            o.AdditionalHeaders["Accept"] = "application/vnd.example+json";
        });

        request.Form.Should().Contain("audience", "a&b");
        request["X-Beta"].Should().Be("oauth-2025");
        request["Accept"].Should().Be("application/vnd.example+json");
    }

    [Fact]
    public async Task The_invoker_is_asked_anew_for_each_exchange_and_never_disposed()
    {
        int asked = 0;
        using var invoker = new HttpMessageInvoker(FakeHandler.Answering(200, Pair));
        var client = new HttpTokenEndpointClient(
            Given.Settings(),
            () =>
            {
                asked++;
                return invoker;
            },
            classifier: null,
            TimeProvider.System,
            NullLogger.Instance);

        await client.RefreshAsync(new TokenRequest("a"));
        TokenEndpointResult second = await client.RefreshAsync(new TokenRequest("b"));

        asked.Should().Be(2);
        second.Outcome.Should().Be(TokenEndpointOutcome.Succeeded);
    }

    private static async Task<WireRequest> SendAsync(Action<TokenRefreshOptions> configure)
    {
        await using var server = new WireServer(e => e.RespondJsonAsync(200, Pair));
        using SocketsHttpHandler handler = TokenEndpointTransport.CreateHandler();
        TokenEndpointResult result = await Given.AnswerAsync(handler, o =>
        {
            o.TokenEndpoint = server.TokenEndpoint;
            configure(o);
        });
        result.Outcome.Should().Be(TokenEndpointOutcome.Succeeded, "{0}", result.Exception);
        return server.Requests.Single();
    }
}
