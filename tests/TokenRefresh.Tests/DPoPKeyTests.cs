using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using FluentAssertions;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Time.Testing;

namespace TokenRefresh.Tests;

public sealed class DPoPKeyTests
{
    // RFC 9449 section 4.1, and the hash of its access token in section 7.1.
    private const string ProofOfTheRfc =
        "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdC"
        + "RnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjI"
        + "iwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdr"
        + "j8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";

    private const string TokenOfTheRfc = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";

    private static readonly Uri Endpoint = new("https://server.example.com/token");

    private readonly DPoPKey _key = DPoPKey.Create();

    [Fact]
    public void The_proof_of_the_rfc_is_what_these_tests_take_for_valid()
    {
        Proof proof = Read(ProofOfTheRfc);

        proof.Header.GetProperty("typ").GetString().Should().Be("dpop+jwt");
        proof.Claims.GetProperty("htu").GetString().Should().Be("https://server.example.com/token");
        proof.Thumbprint.Should().Be("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I", "section 6.1 names it");
    }

    [Fact]
    public void A_proof_holds_what_the_rfc_wants_and_is_signed()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(1562262616));

        Proof proof = Read(_key.CreateProof(HttpMethod.Post, Endpoint, timeProvider: clock));

        proof.Header.EnumerateObject().Select(member => member.Name).Should().Equal("typ", "alg", "jwk");
        proof.Header.GetProperty("alg").GetString().Should().Be("ES256");
        proof.Header.GetProperty("jwk").TryGetProperty("d", out _).Should().BeFalse("the key's private part is no one else's");
        proof.Claims.EnumerateObject().Select(member => member.Name).Should().Equal("jti", "htm", "htu", "iat");
        proof.Claims.GetProperty("htm").GetString().Should().Be("POST");
        Read(_key.CreateProof(new HttpMethod("post"), Endpoint)).Claims.GetProperty("htm").GetString().Should().Be("POST", "so it is sent");
        Read(_key.CreateProof(new HttpMethod("purge"), Endpoint)).Claims.GetProperty("htm").GetString().Should().Be("purge");
        proof.Claims.GetProperty("htu").GetString().Should().Be("https://server.example.com/token");
        proof.Claims.GetProperty("iat").GetInt64().Should().Be(1562262616);
        proof.Thumbprint.Should().Be(_key.Thumbprint);
    }

    [Fact]
    public void A_proof_for_a_resource_holds_the_hash_of_the_token_and_the_nonce()
    {
        Proof proof = Read(_key.CreateProof(HttpMethod.Get, Endpoint, TokenOfTheRfc, "eyJ7S_zG.eyJH0-Z.HX4w-7v"));

        proof.Claims.GetProperty("ath").GetString().Should().Be("fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
        proof.Claims.GetProperty("nonce").GetString().Should().Be("eyJ7S_zG.eyJH0-Z.HX4w-7v");
    }

    [Fact]
    public void No_two_proofs_are_the_same()
    {
        string[] identifiers = [.. Enumerable.Range(0, 100).Select(
            _ => Read(_key.CreateProof(HttpMethod.Get, Endpoint)).Claims.GetProperty("jti").GetString()!)];

        identifiers.Should().OnlyHaveUniqueItems();
    }

    [Theory]
    [InlineData("https://API.example.com/v1/Me?q=1#top", "https://api.example.com/v1/Me")]
    [InlineData("https://api.example.com", "https://api.example.com/")]
    [InlineData("https://user:secret@api.example.com:443/a%20b/%C3%A4", "https://api.example.com/a%20b/%C3%A4")]
    [InlineData("https://api.example.com:8443/a\"b", "https://api.example.com:8443/a%22b")]
    [InlineData("http://127.0.0.1:5000/api", "http://127.0.0.1:5000/api")]
    [InlineData("http://[::1]:5000/api", "http://[::1]:5000/api")]
    [InlineData("https://bücher.example/x", "https://xn--bcher-kva.example/x")]
    [InlineData("wss://api.example.com/hub", "https://api.example.com/hub")]
    public void The_target_is_the_address_as_the_server_sees_it(string address, string expected)
    {
        Read(_key.CreateProof(HttpMethod.Get, new Uri(address))).Claims.GetProperty("htu").GetString().Should().Be(expected);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a\"b")]
    [InlineData("a\\b")]
    [InlineData("a\r\nX-Other: 1")]
    [InlineData("ä")]
    public void A_nonce_of_other_characters_is_refused(string nonce)
    {
        Action prove = () => _key.CreateProof(HttpMethod.Get, Endpoint, nonce: nonce);

        prove.Should().Throw<ArgumentException>().Which.ParamName.Should().Be("nonce");
    }

    [Fact]
    public void A_key_that_was_written_is_read_as_the_same()
    {
        var read = DPoPKey.Parse(_key.ExportJwk());

        read.Thumbprint.Should().Be(_key.Thumbprint);
        read.ExportJwk().Should().Be(_key.ExportJwk());
        Read(read.CreateProof(HttpMethod.Get, Endpoint)).Thumbprint.Should().Be(_key.Thumbprint);
    }

    [Fact]
    public void Other_members_of_a_key_are_ignored()
    {
        string jwk = """{"kid":"1","use":"sig","alg":"ES256","key_ops":["sign"],""" + _key.ExportJwk()[1..];

        DPoPKey.Parse(jwk).Thumbprint.Should().Be(_key.Thumbprint);
    }

    [Theory]
    [InlineData("\"kty\":\"EC\"", "\"kty\":\"RSA\"", "*'P-256'*'ES256'*only ones*")]
    [InlineData("\"crv\":\"P-256\"", "\"crv\":\"P-384\"", "*'P-256'*")]
    [InlineData("\"crv\":\"P-256\"", "\"crv\":\"secp256k1\"", "*'P-256'*")]
    [InlineData("\"crv\":\"P-256\"", "\"crv\":\"P-256\",\"alg\":\"ES384\"", "*'P-256'*")]
    [InlineData("\"d\":", "\"no\":", "*no member 'd'*public key*")]
    [InlineData("\"d\":", "\"d\":\"!\",\"no\":", "*member 'd'*32 bytes*")]
    [InlineData("\"d\":", "\"d\":\"AAAA\",\"no\":", "*member 'd'*32 bytes*")]
    [InlineData("\"d\":", "\"d\":1,\"no\":", "*member 'd'*32 bytes*")]
    [InlineData("\"x\":", "\"x\":null,\"no\":", "*no member 'x'*")]
    [InlineData("}", "", "*no JSON*")]
    public void A_key_that_cannot_prove_is_refused_without_its_values(string part, string other, string message)
    {
        string jwk = _key.ExportJwk();
        string secret = JsonDocument.Parse(jwk).RootElement.GetProperty("d").GetString()!;

        Action parse = () => DPoPKey.Parse(jwk.Replace(part, other, StringComparison.Ordinal));

        Exception thrown = parse.Should().Throw<FormatException>().WithMessage(message).Which;
        thrown.ToString().Should().NotContain(secret).And.NotContain(secret[..8]);
    }

    [Fact]
    public void A_private_part_of_another_key_is_refused()
    {
        string own = DOf(_key);
        string jwk = _key.ExportJwk().Replace(own, DOf(DPoPKey.Create()), StringComparison.Ordinal);
        string zero = _key.ExportJwk().Replace(own, new string('A', 43), StringComparison.Ordinal);
        string noPoint = _key.ExportJwk().Replace("\"x\":\"", "\"x\":\"AAAA", StringComparison.Ordinal);

        FluentActions.Invoking(() => DPoPKey.Parse(jwk)).Should().Throw<FormatException>().WithMessage("*not the public key*");
        FluentActions.Invoking(() => DPoPKey.Parse(zero)).Should().Throw<FormatException>();
        FluentActions.Invoking(() => DPoPKey.Parse(noPoint)).Should().Throw<FormatException>();
        FluentActions.Invoking(() => DPoPKey.Parse("[]")).Should().Throw<FormatException>();
    }

    [Fact]
    public void Its_text_and_that_of_what_holds_it_show_the_thumbprint_at_most()
    {
        var login = new OAuthCredentials("access", "refresh") { DPoPKey = _key };
        var token = new AccessToken("access", tokenType: "DPoP") { DPoPKey = _key };

        _key.ToString().Should().Be($"DPoP key {_key.Thumbprint}");
        $"{login} {token}".Should().NotContain(DOf(_key));
    }

    [Fact]
    public async Task Many_threads_prove_with_one_key()
    {
        string[] proofs = await Task.WhenAll(
            Enumerable.Range(0, 200).Select(_ => Task.Run(() => _key.CreateProof(HttpMethod.Get, Endpoint, "token"))));

        proofs.Select(proof => Read(proof).Thumbprint).Should().OnlyContain(thumbprint => thumbprint == _key.Thumbprint);
    }

    private static string DOf(DPoPKey key) => JsonDocument.Parse(key.ExportJwk()).RootElement.GetProperty("d").GetString()!;

    // By nothing of the library's: a fault that both made would not be seen.
    private static Proof Read(string proof)
    {
        string[] parts = proof.Split('.');
        JsonElement header = JsonDocument.Parse(WebEncoders.Base64UrlDecode(parts[0])).RootElement;
        JsonElement jwk = header.GetProperty("jwk");
        string x = jwk.GetProperty("x").GetString()!;
        string y = jwk.GetProperty("y").GetString()!;
        using var key = ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new ECPoint { X = WebEncoders.Base64UrlDecode(x), Y = WebEncoders.Base64UrlDecode(y) },
        });
        key.VerifyData(
            Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"),
            WebEncoders.Base64UrlDecode(parts[2]),
            HashAlgorithmName.SHA256,
            DSASignatureFormat.IeeeP1363FixedFieldConcatenation).Should().BeTrue("the proof is signed by the key that it names");
        string canonical = $$"""{"crv":"P-256","kty":"EC","x":"{{x}}","y":"{{y}}"}""";
        return new Proof(
            header,
            JsonDocument.Parse(WebEncoders.Base64UrlDecode(parts[1])).RootElement,
            WebEncoders.Base64UrlEncode(SHA256.HashData(Encoding.ASCII.GetBytes(canonical))));
    }

    private sealed record Proof(JsonElement Header, JsonElement Claims, string Thumbprint);
}
