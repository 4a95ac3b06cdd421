using System.Xml.Linq;
using FluentAssertions;
using Microsoft.Extensions.Configuration;
using TokenRefresh.DependencyInjection;
using TokenRefresh.Tests.Conventions;

namespace TokenRefresh.Tests.Docs;

public sealed class ExampleTests
{
    private static readonly IReadOnlyList<string> Compiled = Regions.Of("Examples.cs");

    // Without the parameters, of which a member has several lists.
    private static readonly (string Member, string Code)[] Shown =
    [
        .. from member in XDocument.Load(Path.ChangeExtension(ProductTypes.Assembly.Location, ".xml")).Descendants("member")
           from code in member.Elements("example").Elements("code")
           let text = code.Value.ReplaceLineEndings("\n").Trim('\n').TrimEnd()
           select (((string)member.Attribute("name")!).Split('(')[0], Regions.Dedent(text)),
    ];

    [Theory]
    [InlineData("T:TokenRefresh.CoordinatedTokenProvider")]
    [InlineData("T:TokenRefresh.BearerTokenHandler")]
    [InlineData("T:TokenRefresh.ICredentialsStore")]
    [InlineData("T:TokenRefresh.TokenRefreshOptions")]
    [InlineData("M:Microsoft.Extensions.DependencyInjection.TokenRefreshServiceCollectionExtensions.AddTokenRefresh")]
    [InlineData("M:Microsoft.Extensions.DependencyInjection.TokenRefreshHttpClientBuilderExtensions.AddTokenRefreshHandler")]
    public void The_main_types_and_methods_have_an_example(string member)
    {
        Shown.Select(example => example.Member).Should().Contain(member);
    }

    [Fact]
    public void The_code_of_the_options_page_is_that_of_an_example_and_its_configuration_says_the_same()
    {
        var page = new DocumentPage("docs/options.md");
        string json = page.Text.Split("```json\n")[1].Split("```")[0];
        IConfiguration configuration = new ConfigurationBuilder()
            .AddJsonStream(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(json)))
            .Build();
        var options = new TokenRefreshOptions();

        ConfigurationBinding.Bind(configuration, options, "");

        page.CodeBlocks.Should().NotBeEmpty().And.BeSubsetOf(Compiled);
        options.FileFormat.Should().BeEquivalentTo(new CredentialsFileFormat
        {
            Section = ["mcpOAuth", "issues|3f1c"],
            AccessTokenMember = "accessToken",
            RefreshTokenMember = "refreshToken",
            ExpiresAtMember = "expiresAt",
            ScopesMember = "scope",
            TimeUnit = CredentialsTimeUnit.Milliseconds,
        });
    }

    [Fact]
    public async Task The_new_file_of_the_options_page_is_what_is_written()
    {
        using var temp = new TempDirectory();
        string path = Path.Combine(temp.Path, "new.json");
        await using var tokens = CoordinatedTokenProvider.Create(o =>
        {
            (o.CredentialsPath, o.FileFormat) = (path, CredentialsFileFormat.FlatOAuth);
            (o.TokenEndpoint, o.ClientId) = (new Uri("https://auth.example.com/token"), "my-cli");
        });

        await tokens.StoreAsync(
            new OAuthCredentials("an-access-token", "a-refresh-token", DateTimeOffset.FromUnixTimeSeconds(1_800_000_000))
            {
                Scopes = ["read", "write"],
                TokenType = "Bearer",
            });

        string shown = new DocumentPage("docs/options.md").Text.Split("```json\n")[^1].Split("\n```")[0];
        shown.Should().Be((await File.ReadAllTextAsync(path)).TrimEnd());
    }

    [Theory]
    [InlineData("docs/stores.md")]
    [InlineData("docs/many-logins.md")]
    public void The_code_of_a_page_is_that_of_an_example(string page)
    {
        new DocumentPage(page).CodeBlocks.Should().NotBeEmpty().And.BeSubsetOf(Compiled);
    }

    [Fact]
    public void The_code_of_the_page_on_hosts_is_compiled()
    {
        new DocumentPage("docs/hosting.md").CodeBlocks.Should().BeEquivalentTo(Regions.Of("HostingExample.cs"));
    }

    [Fact]
    public void The_code_of_the_page_on_keys_runs()
    {
        new DocumentPage("docs/dpop.md").CodeBlocks.Should().BeEquivalentTo(Regions.Of("DPoPExample.cs"));
    }

    [Fact]
    public void Every_example_is_compiled()
    {
        Shown.Where(example => !Compiled.Contains(example.Code)).Select(example => example.Member).Should().BeEmpty();
        Compiled.Except(Shown.Select(example => example.Code)).Should().BeEmpty();
    }
}
