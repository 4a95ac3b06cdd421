using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace TokenRefresh.Tests.Conventions;

/// <summary>Writes the public surface as text, one line per type and member, in a stable order.</summary>
internal static class PublicSurface
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    public static IReadOnlyList<string> Describe(IEnumerable<Type> types) =>
    [
        .. from type in types.OrderBy(t => t.FullName, StringComparer.Ordinal)
           from line in Describe(type)
           select line,
    ];

    private static IEnumerable<string> Describe(Type type)
    {
        yield return Header(type);
        if (type.IsAssignableTo(typeof(MulticastDelegate)))
        {
            yield return "    " + Method(type.GetMethod("Invoke")!);
            yield break;
        }

        var members = type.GetMembers(Declared).Where(m => m.GetCustomAttribute<CompilerGeneratedAttribute>() is null).Select(Member).OfType<string>();
        foreach (var member in members.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            yield return "    " + member;
        }
    }

    private static string Header(Type type)
    {
        var kind = type switch
        {
            { IsInterface: true } => "interface",
            { IsEnum: true } => "enum",
            { IsValueType: true } => "struct",
            { IsAbstract: true, IsSealed: true } => "static class",
            { IsAbstract: true } => "abstract class",
            { IsSealed: true } => "sealed class",
            _ => "class",
        };
        kind = IsRecord(type) ? kind.Replace("class", "record", StringComparison.Ordinal) : kind;
        var inherited = type.BaseType is { } b && b != typeof(object) && b != typeof(ValueType) && b != typeof(Enum) ? [TypeName.Of(b)] : Array.Empty<string>();
        var parents = type.IsEnum ? [] : inherited.Concat(OwnInterfaces(type).Select(i => TypeName.Of(i)).Order(StringComparer.Ordinal)).ToArray();
        return $"{type.Namespace}: {kind} {TypeName.Of(type)}{(parents.Length == 0 ? "" : " : " + string.Join(", ", parents))}";
    }

    private static IEnumerable<Type> OwnInterfaces(Type type)
    {
        var inherited = type.BaseType?.GetInterfaces() ?? [];
        return type.GetInterfaces().Where(i => i.IsVisible && !inherited.Contains(i) && !(IsRecord(type) && i == typeof(IEquatable<>).MakeGenericType(type)));
    }

    private static bool IsRecord(Type type) => type.GetMethod("<Clone>$") is not null;

    private static string? Member(MemberInfo member) => member switch
    {
        FieldInfo { IsSpecialName: false } field when IsSeen(field) => Field(field),
        ConstructorInfo constructor when IsSeen(constructor) => $"{Access(constructor)}new({Parameters(constructor)})",
        PropertyInfo property when property.GetAccessors(nonPublic: true).Any(IsSeen) => Property(property),
        EventInfo @event when IsSeen(@event.AddMethod!) => $"event {TypeName.Of(@event.EventHandlerType!)} {@event.Name}",
        MethodInfo method when IsSeen(method) && (!method.IsSpecialName || method.Name.StartsWith("op_", StringComparison.Ordinal)) && !method.Name.Contains('<', StringComparison.Ordinal) => Method(method),
        _ => null,
    };

    private static string Field(FieldInfo field)
    {
        var type = TypeName.Of(field.FieldType, new NullabilityInfoContext().Create(field));
        return field.IsLiteral
            ? $"const {type} {field.Name} = {Literal(field.GetRawConstantValue())}"
            : $"{(field.IsStatic ? "static " : "")}{(field.IsInitOnly ? "readonly " : "")}{type} {field.Name}";
    }

    private static string Property(PropertyInfo property)
    {
        var accessors = property.GetAccessors(nonPublic: true).Where(IsSeen).ToArray();
        var setter = accessors.FirstOrDefault(a => a != property.GetMethod);
        var set = setter is null ? "" : setter.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) ? " init;" : " set;";
        var required = property.GetCustomAttribute<RequiredMemberAttribute>() is null ? "" : "required ";
        return $"{(accessors[0].IsStatic ? "static " : "")}{required}{TypeName.Of(property.PropertyType, new NullabilityInfoContext().Create(property))} {property.Name} {{{(accessors.Contains(property.GetMethod) ? " get;" : "")}{set} }}";
    }

    private static string Method(MethodInfo method)
    {
        var generic = method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(a => TypeName.Of(a)))}>" : "";
        var extension = method.IsDefined(typeof(ExtensionAttribute)) ? "this " : "";
        return $"{Access(method)}{(method.IsStatic ? "static " : "")}{TypeName.Of(method.ReturnType, new NullabilityInfoContext().Create(method.ReturnParameter))} {method.Name}{generic}({extension}{Parameters(method)})";
    }

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(p =>
        $"{(p.IsOut ? "out " : p.IsIn ? "in " : p.ParameterType.IsByRef ? "ref " : "")}{TypeName.Of(p.ParameterType, new NullabilityInfoContext().Create(p))} {p.Name}{(p.HasDefaultValue ? " = " + Literal(p.DefaultValue) : "")}"));

    private static string Access(MethodBase method) => method.IsPublic ? "" : "protected ";

    private static bool IsSeen(FieldInfo field) => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly;

    private static bool IsSeen(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static string Literal(object? value) => value switch
    {
        null => "default",
        string text => $"\"{text}\"",
        bool truth => truth ? "true" : "false",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };
}
