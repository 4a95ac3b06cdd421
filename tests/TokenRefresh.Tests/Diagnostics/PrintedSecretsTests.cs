using System.Diagnostics;
using FluentAssertions;
using TokenRefresh.Endpoint;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Conventions;

namespace TokenRefresh.Tests.Diagnostics;

/// <summary>What is printed without any login in use: refused settings, and the objects that hold secrets.</summary>
[FailureMode("F88")]
public sealed class PrintedSecretsTests
{
    private const string ClientSecret = "qJ7vX2mL9sRt4WzB8nKd";

    [Theory]
    [InlineData("https://jo:SECRET@auth.example.com/token")]
    [InlineData("https://jo:SECRET@auth.example.com/token?key=SECRET#SECRET")]
    [InlineData("ftp://jo:SECRET@auth.example.com/token?key=SECRET")]
    [InlineData("http://auth.example.com/token?key=SECRET")]
    [InlineData("https://auth.example.com/token#SECRET")]
    [InlineData("jo:SECRET@auth.example.com/token")]
    [InlineData("/token?key=SECRET")]
    [InlineData("https://jo:SECRET?x@auth.example.com/token")]
    [InlineData("https://jo:SECRET#x@auth.example.com/token")]
    [InlineData("https://jo:SECRET/x@auth.example.com/token")]
    public void Neither_does_a_setting_that_is_refused(string address)
    {
        string text = address.Replace("SECRET", ClientSecret, StringComparison.Ordinal);
        if (!Uri.TryCreate(text, UriKind.RelativeOrAbsolute, out Uri? uri))
        {
            uri = new Uri("https://auth.example.com/token");
        }

        using var output = new CollectedOutput();
        output.AddSecrets(ClientSecret);
        Exception? thrown = Xunit.Record.Exception(() => CoordinatedTokenProvider.Create(o =>
        {
            o.CredentialsPath = "credentials.json";
            o.ClientId = "";
            o.TokenEndpoint = uri;
            o.RevocationEndpoint = uri;
            o.ClientSecret = ClientSecret + "\n";
            o.AdditionalHeaders["x-key"] = ClientSecret + "\n";
            o.AdditionalParameters["client_secret"] = ClientSecret;
            output.Add(o);
        }));
        output.Add(thrown);
        output.Add(UriRedaction.Redact(text));
        output.Add(
            Xunit.Record.Exception(
                () =>
                    new BearerTokenHandler(new StaticTokenProvider("token"), new BearerTokenHandlerOptions { AllowedOrigins = { text } })));

        thrown.Should().BeOfType<TokenRefreshConfigurationException>();
        output.ShouldSay("'AllowedOrigins'");
        output.Leaks.Should().Be(0);
    }

    [Fact]
    public void Nothing_that_holds_a_secret_shows_it_when_it_is_printed()
    {
        const string Token = "bT4kQ9wE2xZ6rY1uP8sN";
        var key = DPoPKey.Create();
        string privateKey = key.ExportJwk().Split("\"d\":\"")[1].Split('"')[0];
        var pair = new OAuthCredentials(Token, ClientSecret) { AccountId = Token, DPoPKey = key };
        object[] holders =
        [
            key,
            pair,
            new AccessToken(Token) { DPoPKey = key },
            new TokenRequest(Token) { StoredAccessToken = ClientSecret, DPoPKey = key },
            new TokenResponse(Token, ClientSecret, TimeSpan.FromHours(1)) { AccountId = Token, Subject = Token },
            TokenEndpointResult.Success(new TokenResponse(Token, ClientSecret, null)),
            TokenEndpointResult.Failure(TokenEndpointOutcome.Unknown, 200, "error", recoveredRefreshToken: ClientSecret),
            CredentialsCommit.Committed(pair),
            new StaticTokenProvider(Token),
            new InMemoryCredentialsStore(pair),
            new TokenRefreshOptions
            {
                ClientSecret = ClientSecret,
                TokenEndpoint = new Uri($"https://jo:{ClientSecret}@auth.example.com/token?key={ClientSecret}#{ClientSecret}"),
                AdditionalParameters = { ["key"] = ClientSecret },
            },
            new TokenRefreshOptions { TokenEndpoint = new Uri($"/token?key={ClientSecret}", UriKind.Relative) },
        ];

        string printed = string.Join('\n', holders);

        SecretSearch.CountLeaks(printed, [ClientSecret, Token, privateKey]).Should().Be(0);
        printed.Should().Contain("auth.example.com");
        holders.Select(holder => holder.GetType().Name).Should().Contain(TypesThatSayTheyHoldASecret());
        ProductTypes.All.Where(type => Attribute.IsDefined(type, typeof(DebuggerDisplayAttribute)))
            .Should().BeEmpty("a debugger's text ends in dumps and screenshots");
    }

    [Fact]
    public void The_search_for_parts_finds_nine_characters_of_a_secret_and_ignores_eight()
    {
        SecretSearch.CountLeaks($"text {ClientSecret[5..14]} text", [ClientSecret]).Should().Be(1);
        SecretSearch.CountLeaks($"text {ClientSecret[5..13]} text", [ClientSecret]).Should().Be(0);
    }

    private static IEnumerable<string> TypesThatSayTheyHoldASecret()
    {
        string[] types = [.. SourceFile.Below("src/TokenRefresh")
            .Where(
                file => File.ReadAllText(Path.Combine(SourceFile.RepositoryRoot, file.Path))
                    .Contains("A secret: never log it", StringComparison.Ordinal))
            .Select(file => file.Types.Single().Name)];
        types.Should().HaveCountGreaterThan(3);
        return types;
    }
}
