using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using Microsoft.AspNetCore.WebUtilities;

namespace TokenRefresh.Tests.Docs;

/// <summary>The code of docs/dpop.md, run against a server that demands the proofs.</summary>
public sealed class DPoPExample
{
    [Fact]
    public async Task A_login_that_is_bound_to_a_key_is_made_and_used()
    {
        await using LoopbackAuthorizationServer server = await LoopbackAuthorizationServer.StartAsync(new() { DemandsDPoP = true });
        using var directory = new TempDirectory();
        await using var tokens = CoordinatedTokenProvider.Create(options =>
        {
            options.CredentialsPath = Path.Combine(directory.Path, ".credentials.json");
            options.TokenEndpoint = server.TokenUri;
            options.ClientId = "my-cli";
        });
        Uri tokenEndpoint = server.TokenUri;
        Uri api = server.ApiUri;
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        Dictionary<string, string> codeOfTheUser = await SignInAsync(http, server);

        #region sign-in
        await tokens.SignInAsync(async cancellationToken =>
        {
            var key = DPoPKey.Create();
            using var request = new HttpRequestMessage(HttpMethod.Post, tokenEndpoint);
            request.Content = new FormUrlEncodedContent(codeOfTheUser);
            request.Headers.Add(DPoPKey.ProofHeaderName, key.CreateProof(HttpMethod.Post, tokenEndpoint));
            using HttpResponseMessage response = await http.SendAsync(request, cancellationToken);
            JsonNode answer = (await response.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonNode>(cancellationToken))!;

            return new OAuthCredentials(
                answer["access_token"]!.GetValue<string>(),
                answer["refresh_token"]!.GetValue<string>(),
                TimeProvider.System.GetUtcNow().AddSeconds(answer["expires_in"]!.GetValue<double>()))
            {
                TokenType = answer["token_type"]!.GetValue<string>(),
                DPoPKey = key,
            };
        });
        #endregion

        #region request
        AccessToken token = await tokens.GetAccessTokenAsync();
        using var call = new HttpRequestMessage(HttpMethod.Get, api);
        call.Headers.TryAddWithoutValidation(token.HeaderName, token.HeaderValue);
        if (token.DPoPKey is { } boundTo)
        {
            call.Headers.Add(DPoPKey.ProofHeaderName, boundTo.CreateProof(call.Method, api, token.Value));
        }
        #endregion

        (await http.SendAsync(call)).StatusCode.Should().Be(HttpStatusCode.OK);
        await tokens.RefreshAccessTokenAsync(token);
        server.Books.Should().BeEquivalentTo(new { Grants = 1, ProofsRefused = 0, ApiRejections = 0 });
    }

    private static async Task<Dictionary<string, string>> SignInAsync(HttpClient http, LoopbackAuthorizationServer server)
    {
        const string Verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        string challenge = WebEncoders.Base64UrlEncode(SHA256.HashData(Encoding.ASCII.GetBytes(Verifier)));
        string query = $"authorize?response_type=code&code_challenge_method=S256&code_challenge={challenge}&state=s"
            + "&redirect_uri=http%3A%2F%2Flocalhost%2F";
        using HttpResponseMessage answer = await http.GetAsync(new Uri(server.BaseAddress, query));
        return new(StringComparer.Ordinal)
        {
            ["grant_type"] = "authorization_code",
            ["code"] = QueryHelpers.ParseQuery(answer.Headers.Location!.Query)["code"].ToString(),
            ["code_verifier"] = Verifier,
            ["redirect_uri"] = "http://localhost/",
        };
    }
}
