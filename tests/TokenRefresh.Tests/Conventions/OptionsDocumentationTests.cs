using System.Reflection;
using System.Xml.Linq;
using FluentAssertions;

namespace TokenRefresh.Tests.Conventions;

public sealed class OptionsDocumentationTests
{
    private static readonly XDocument Documentation = XDocument.Load(Path.ChangeExtension(ProductTypes.Assembly.Location, ".xml"));

    public static TheoryData<Type, string> Options()
    {
        var data = new TheoryData<Type, string>();
        foreach (var type in ProductTypes.Public.Where(t => t.Name.EndsWith("Options", StringComparison.Ordinal)))
        {
            foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly))
            {
                data.Add(type, property.Name);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Options))]
    public void Every_option_says_its_default(Type type, string property)
    {
        var member = Documentation.Descendants("member").SingleOrDefault(
            m => (string?)m.Attribute("name") == $"P:{type.FullName}.{property}");

        member.Should().NotBeNull($"'{type.Name}.{property}' needs a doc comment");
        member!.Element("value").Should().NotBeNull($"'{type.Name}.{property}' needs a <value>");
        member.Element("value")!.Value.Should().ContainEquivalentOf(
            "default",
            $"the <value> of '{type.Name}.{property}' must say the default");
    }
}
