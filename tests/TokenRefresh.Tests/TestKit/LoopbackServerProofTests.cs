using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using Microsoft.AspNetCore.WebUtilities;

namespace TokenRefresh.Tests.TestKit;

/// <summary>What the server takes for a proof (RFC 9449 section 4.3): each proof here is made by hand, with one fault or none.</summary>
public sealed class LoopbackServerProofTests : IAsyncDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly HttpClient _http = new();
    private LoopbackAuthorizationServer _server = null!;
    private IssuedLogin _login = null!;

    public static TheoryData<string> Faults =>
    [
        "typ", "alg", "none", "kty", "crv", "d", "jwk", "signature", "jti", "htm", "htu", "query", "old", "future", "ath", "text", "two",
        "no",
    ];

    [Fact]
    public async Task A_proof_as_the_rfc_wants_it_is_taken_at_both_places_and_binds_the_tokens()
    {
        await StartAsync();

        JsonNode answer = JsonNode.Parse(await (await RefreshAsync()).Content.ReadAsStringAsync())!;

        answer["token_type"]!.GetValue<string>().Should().Be("DPoP");
        string token = answer["access_token"]!.GetValue<string>();
        JsonNode claims = JsonNode.Parse(WebEncoders.Base64UrlDecode(token.Split('.')[1]))!;
        claims["cnf"]!["jkt"]!.GetValue<string>().Should().Be(Thumbprint(_key));
        (await CallAsync(token)).StatusCode.Should().Be(HttpStatusCode.OK);
        _server.Books.Should().BeEquivalentTo(new { Grants = 1, ProofsRefused = 0, ApiRejections = 0 });
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_proof_with_a_fault_is_refused_and_the_refresh_token_is_untouched(string fault)
    {
        await StartAsync();

        HttpResponseMessage answer = fault == "ath" ? await RefreshAsync(accessToken: "any") : await RefreshAsync(fault);
        HttpResponseMessage resource = await CallAsync(_login.AccessToken, fault, hash: fault == "ath" ? "other" : null);

        answer.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await answer.Content.ReadAsStringAsync()).Should().Contain("\"invalid_dpop_proof\"");
        resource.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        resource.Headers.WwwAuthenticate.ToString().Should().StartWith("DPoP").And.Contain("invalid_dpop_proof");
        _server.Books.Should().BeEquivalentTo(new { Grants = 0, Reuses = 0, ProofsRefused = 2 });
        (await RefreshAsync()).StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_proof_is_taken_once()
    {
        await StartAsync();
        string proof = Proof("GET", _server.ApiUri, "", _login.AccessToken);

        HttpResponseMessage first = await CallAsync(_login.AccessToken, proof: proof);
        HttpResponseMessage second = await CallAsync(_login.AccessToken, proof: proof);

        first.StatusCode.Should().Be(HttpStatusCode.OK);
        second.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Tokens_of_another_key_are_refused_and_untouched()
    {
        await StartAsync();
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        HttpResponseMessage answer = await RefreshAsync(key: other);
        HttpResponseMessage resource = await CallAsync(_login.AccessToken, key: other);

        (await answer.Content.ReadAsStringAsync()).Should().Contain("\"invalid_grant\"");
        resource.Headers.WwwAuthenticate.ToString().Should().Contain("Invalid DPoP key binding");
        _server.Books.Should().BeEquivalentTo(new { Grants = 0, Reuses = 0, FamiliesRevoked = 0, ProofsRefused = 2 });
        (await RefreshAsync()).StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_bound_token_is_not_taken_as_a_bearer_s()
    {
        await StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, _server.ApiUri);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _login.AccessToken);

        (await _http.SendAsync(request)).StatusCode.Should().Be(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task A_login_without_a_key_is_bound_by_its_first_refresh()
    {
        await StartAsync();
        _login = _server.IssueLogin();
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        JsonNode answer = JsonNode.Parse(await (await RefreshAsync()).Content.ReadAsStringAsync())!;
        string next = answer["refresh_token"]!.GetValue<string>();

        (await RefreshAsync(key: other, refreshToken: next)).StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await RefreshAsync(refreshToken: next)).StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Each_answer_brings_the_nonce_that_the_next_proof_must_hold()
    {
        await StartAsync(new() { DemandsDPoPNonce = true, DPoPNonceUses = 1 });

        HttpResponseMessage asked = await RefreshAsync();
        HttpResponseMessage granted = await RefreshAsync(nonce: NonceOf(asked));
        HttpResponseMessage stale = await CallAsync(_login.AccessToken, nonce: NonceOf(asked));
        HttpResponseMessage served = await CallAsync(_login.AccessToken, nonce: NonceOf(stale));

        (await asked.Content.ReadAsStringAsync()).Should().Contain("\"use_dpop_nonce\"");
        granted.StatusCode.Should().Be(HttpStatusCode.OK);
        NonceOf(granted).Should().NotBe(NonceOf(asked)).And.Be(NonceOf(stale));
        stale.Headers.WwwAuthenticate.ToString().Should().Contain("use_dpop_nonce");
        served.StatusCode.Should().Be(HttpStatusCode.OK);
        _server.Books.Should().BeEquivalentTo(new { NoncesAsked = 2, ProofsRefused = 0, InvalidRequests = 0 });
        _server.RotateDPoPNonce();
        (await CallAsync(_login.AccessToken, nonce: NonceOf(served))).StatusCode.Should().Be(HttpStatusCode.Unauthorized);
    }

    public async ValueTask DisposeAsync()
    {
        _key.Dispose();
        _http.Dispose();
        await _server.DisposeAsync();
    }

    private static string NonceOf(HttpResponseMessage answer) => answer.Headers.GetValues("DPoP-Nonce").Single();

    private static string Thumbprint(ECDsa key)
    {
        ECParameters parameters = key.ExportParameters(includePrivateParameters: false);
        string jwk = $$"""{"crv":"P-256","kty":"EC","x":"{{Encode(parameters.Q.X!)}}","y":"{{Encode(parameters.Q.Y!)}}"}""";
        return Encode(SHA256.HashData(Encoding.ASCII.GetBytes(jwk)));
    }

    private static string Encode(byte[] bytes) => WebEncoders.Base64UrlEncode(bytes);

    private async Task StartAsync(LoopbackAuthorizationServerOptions? options = null)
    {
        options = (options ?? new()) with { DemandsDPoP = true, JwtAccessTokens = true };
        _server = await LoopbackAuthorizationServer.StartAsync(options);
        _login = _server.IssueLogin(thumbprint: Thumbprint(_key));
    }

    private Task<HttpResponseMessage> RefreshAsync(
        string fault = "", string? accessToken = null, string? nonce = null, ECDsa? key = null, string? refreshToken = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, _server.TokenUri)
        {
            Content = new FormUrlEncodedContent(new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["grant_type"] = "refresh_token",
                ["refresh_token"] = refreshToken ?? _login.RefreshToken,
            }),
        };
        Put(request, fault, Proof("POST", _server.TokenUri, fault, accessToken, nonce, key));
        return _http.SendAsync(request);
    }

    private Task<HttpResponseMessage> CallAsync(
        string token, string fault = "", string? hash = null, string? nonce = null, ECDsa? key = null, string? proof = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_server.ApiUri, "?page=1"));
        request.Headers.TryAddWithoutValidation("Authorization", $"DPoP {token}");
        Put(request, fault, proof ?? Proof("GET", _server.ApiUri, fault, hash ?? token, nonce, key));
        return _http.SendAsync(request);
    }

    private static void Put(HttpRequestMessage request, string fault, string proof)
    {
        for (int i = fault == "no" ? 1 : 0; i < (fault == "two" ? 2 : 1); i++)
        {
            request.Headers.TryAddWithoutValidation("DPoP", proof);
        }
    }

    private string Proof(string method, Uri address, string fault, string? accessToken, string? nonce = null, ECDsa? key = null)
    {
        key ??= _key;
        ECParameters parameters = key.ExportParameters(includePrivateParameters: true);
        var jwk = new JsonObject
        {
            ["kty"] = fault == "kty" ? "OKP" : "EC",
            ["crv"] = fault == "crv" ? "P-384" : "P-256",
            ["x"] = Encode(parameters.Q.X!),
            ["y"] = Encode(parameters.Q.Y!),
        };
        if (fault == "d")
        {
            jwk["d"] = Encode(parameters.D!);
        }

        var header = new JsonObject
        {
            ["typ"] = fault == "typ" ? "JWT" : "dpop+jwt",
            ["alg"] = fault == "alg" ? "HS256" : fault == "none" ? "none" : "ES256",
        };
        if (fault != "jwk")
        {
            header["jwk"] = jwk;
        }

        long now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        var claims = new JsonObject
        {
            ["htm"] = fault == "htm" ? "PUT" : method,
            ["htu"] = fault == "htu" ? "https://other.example/" : address.AbsoluteUri + (fault == "query" ? "?page=1" : ""),
            ["iat"] = fault == "old" ? now - 120 : fault == "future" ? now + 60 : now,
        };
        if (fault != "jti")
        {
            claims["jti"] = Encode(RandomNumberGenerator.GetBytes(16));
        }

        if (accessToken is not null)
        {
            claims["ath"] = Encode(SHA256.HashData(Encoding.ASCII.GetBytes(accessToken)));
        }

        if (nonce is not null)
        {
            claims["nonce"] = nonce;
        }

        string signed = $"{Encode(Encoding.UTF8.GetBytes(header.ToJsonString()))}.{Encode(Encoding.UTF8.GetBytes(claims.ToJsonString()))}";
        byte[] signature = key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256);
        signature[5] ^= fault == "signature" ? (byte)1 : (byte)0;
        return fault == "text" ? "no proof" : $"{signed}.{Encode(signature)}";
    }
}
