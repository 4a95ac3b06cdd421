using System.Xml.Linq;
using FluentAssertions;
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
    public void Every_example_is_compiled()
    {
        Shown.Where(example => !Compiled.Contains(example.Code)).Select(example => example.Member).Should().BeEmpty();
        Compiled.Except(Shown.Select(example => example.Code)).Should().BeEmpty();
    }
}
