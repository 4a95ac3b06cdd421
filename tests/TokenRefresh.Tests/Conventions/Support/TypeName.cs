using System.Reflection;

namespace TokenRefresh.Tests.Conventions;

/// <summary>Names a type as C# does, with its nullability where that is known.</summary>
internal static class TypeName
{
    private static readonly Dictionary<Type, string> Keywords = new()
    {
        [typeof(void)] = "void",
        [typeof(object)] = "object",
        [typeof(string)] = "string",
        [typeof(bool)] = "bool",
        [typeof(int)] = "int",
        [typeof(long)] = "long",
        [typeof(byte)] = "byte",
    };

    public static string Of(Type type, NullabilityInfo? nullability = null)
    {
        if (type.IsByRef)
        {
            return Of(type.GetElementType()!, nullability);
        }

        if (Nullable.GetUnderlyingType(type) is { } underlying)
        {
            return Of(underlying) + "?";
        }

        var mark = !type.IsValueType && nullability is not null && IsNullable(nullability) ? "?" : "";
        if (type.IsArray)
        {
            return $"{Of(type.GetElementType()!, nullability?.ElementType)}[]{mark}";
        }

        return Bare(type, nullability) + mark;
    }

    private static bool IsNullable(NullabilityInfo nullability) =>
        nullability is { ReadState: NullabilityState.Nullable } or { WriteState: NullabilityState.Nullable };

    private static string Bare(Type type, NullabilityInfo? nullability)
    {
        if (Keywords.TryGetValue(type, out var keyword))
        {
            return keyword;
        }

        // Types of the platform and of this library are known by their own names; of any other, the assembly matters.
        var space = type.IsGenericParameter
            || type.Namespace is "TokenRefresh" or "System" or "Microsoft.Extensions.DependencyInjection"
            || type.Namespace!.StartsWith("System.Collections", StringComparison.Ordinal)
            || type.Namespace.StartsWith("System.Threading", StringComparison.Ordinal)
            ? ""
            : type.Namespace + ".";
        var outer = type is { IsNested: true, IsGenericParameter: false } ? Of(type.DeclaringType!) + "." : space;
        if (!type.IsGenericType)
        {
            return outer + type.Name;
        }

        var arguments = type.GetGenericArguments().Select(
            (argument, i) => Of(argument, nullability?.GenericTypeArguments is { } known && i < known.Length ? known[i] : null));
        return $"{outer}{type.Name.Split('`')[0]}<{string.Join(", ", arguments)}>";
    }
}
