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
        string value = ValueOf(type, property);

        value.Should().ContainEquivalentOf("default", $"the <value> of '{type.Name}.{property}' must say the default");
    }

    [Theory]
    [MemberData(nameof(Options))]
    public void Every_time_and_number_says_its_range(Type type, string property)
    {
        Type kind = type.GetProperty(property)!.PropertyType;
        string value = ValueOf(type, property);

        if ((Nullable.GetUnderlyingType(kind) ?? kind) is var bare && (bare == typeof(TimeSpan) || bare == typeof(int)))
        {
            value.Should().MatchRegex(@"\bto\b", $"the <value> of '{type.Name}.{property}' must say the range");
        }
    }

    private static string ValueOf(Type type, string property)
    {
        XElement? member = Documentation.Descendants("member").SingleOrDefault(
            m => (string?)m.Attribute("name") == $"P:{type.FullName}.{property}");

        member.Should().NotBeNull($"'{type.Name}.{property}' needs a doc comment");
        member!.Element("value").Should().NotBeNull($"'{type.Name}.{property}' needs a <value>");
        return member.Element("value")!.Value;
    }
}
