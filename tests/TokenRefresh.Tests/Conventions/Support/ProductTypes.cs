using System.CodeDom.Compiler;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace TokenRefresh.Tests.Conventions;

/// <summary>The types of the library that someone wrote, without those a compiler or generator adds.</summary>
internal static class ProductTypes
{
    public static Assembly Assembly { get; } = typeof(ITokenProvider).Assembly;

    public static IReadOnlyList<Type> All { get; } =
        [.. Assembly.GetTypes().Where(IsWritten).OrderBy(t => t.FullName, StringComparer.Ordinal)];

    public static IReadOnlyList<Type> Public { get; } = [.. All.Where(t => t.IsVisible)];

    private static bool IsWritten(Type type) =>
        !type.FullName!.Contains('<', StringComparison.Ordinal)
        && !type.FullName.Contains("__", StringComparison.Ordinal)
        && type.Namespace?.StartsWith("System.", StringComparison.Ordinal) != true
        && type.Namespace != "Microsoft.CodeAnalysis"
        && type.GetCustomAttribute<CompilerGeneratedAttribute>() is null
        && type.GetCustomAttribute<GeneratedCodeAttribute>() is null;
}
