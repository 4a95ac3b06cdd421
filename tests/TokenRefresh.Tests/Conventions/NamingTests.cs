using System.Reflection;
using FluentAssertions;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Conventions;

public sealed class NamingTests
{
    private static readonly string[] PublicNamespaces =
    [
        "TokenRefresh", "TokenRefresh.Endpoint", "Microsoft.Extensions.DependencyInjection",
    ];

    [Fact]
    public void Public_types_stand_in_the_library_s_namespace_and_internal_ones_in_that_of_their_folder()
    {
        var files = SourceFile.Below("src/TokenRefresh");
        var publicNames = files.SelectMany(f => f.Types).Where(t => t.IsPublic).Select(t => t.Name).ToHashSet(StringComparer.Ordinal);

        var misplaced = files
            .Where(f => f.Types.Count > 0)
            .Where(f => f.Types.Any(t => publicNames.Contains(t.Name))
                ? !PublicNamespaces.Contains(f.Namespace)
                : f.Namespace != NamespaceOf(f.Room))
            .Select(f => $"{f} in namespace {f.Namespace}");

        misplaced.Should().BeEmpty();
    }

    // A namespace TokenRefresh.Options would hide the class Options of Microsoft.Extensions.
    private static string NamespaceOf(string room) => room is "" or "Options" ? "TokenRefresh" : $"TokenRefresh.{room}";

    [Fact]
    public void A_file_holds_one_public_type_and_is_named_after_it()
    {
        var misnamed = SourceFile.Below("src/TokenRefresh")
            .Select(f => (File: f, Public: f.Types.Where(t => t.IsPublic).Select(t => t.Name).ToArray()))
            .Where(f => f.Public.Length > 1 || (f.Public.Length == 1 && Path.GetFileName(f.File.Path).Split('.')[0] != f.Public[0]))
            .Select(f => $"{f.File} holds {string.Join(", ", f.Public)}");

        misnamed.Should().BeEmpty();
    }

    [Fact]
    public void An_internal_class_that_nothing_derives_from_is_sealed()
    {
        var bases = ProductTypes.All.Select(t => t.BaseType)
            .Where(t => t is not null)
            .Select(t => t!.IsGenericType ? t.GetGenericTypeDefinition() : t)
            .ToHashSet();

        var open = ProductTypes.All
            .Where(t => t is { IsClass: true, IsVisible: false, IsSealed: false, IsAbstract: false } && !bases.Contains(t))
            .Select(t => t.FullName);

        open.Should().BeEmpty();
    }

    [Fact]
    public void Every_exception_a_caller_may_catch_is_sealed_and_a_TokenRefreshException()
    {
        var exceptions = ProductTypes.All.Where(t => t.IsAssignableTo(typeof(Exception)) && t != typeof(TokenRefreshException)).ToArray();

        exceptions.Should().NotBeEmpty();
        exceptions.Where(t => !t.IsSealed).Should().BeEmpty();
        exceptions.Where(t => t.IsPublic && t.BaseType != typeof(TokenRefreshException)).Should().BeEmpty();
    }

    [Fact]
    public void No_type_of_System_IO_Abstractions_is_in_a_public_signature()
    {
        const BindingFlags Declared =
            BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

        var leaks = ProductTypes.Public
            .SelectMany(t => t.GetMembers(Declared).Where(IsVisible).SelectMany(TypesOf).Concat(t.GetInterfaces()).Append(t.BaseType))
            .Where(t => t?.ToString().Contains("System.IO.Abstractions", StringComparison.Ordinal) == true);

        leaks.Should().BeEmpty();
    }

    [Fact]
    [FailureMode("F69")]
    public void No_call_names_a_scope_since_one_login_has_one()
    {
        var parameters = typeof(ITokenProvider)
            .GetMethods()
            .Concat(typeof(CoordinatedTokenProvider).GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly))
            .SelectMany(m => m.GetParameters())
            .Select(p => p.ParameterType);

        parameters.Distinct().Should().BeSubsetOf(
            [
                typeof(AccessToken),
                typeof(OAuthCredentials),
                typeof(CancellationToken),
                typeof(Func<CancellationToken, Task<OAuthCredentials>>),
            ]);
        typeof(TokenRefreshOptions).GetProperty(nameof(TokenRefreshOptions.Scope)).Should().NotBeNull();
    }

    private static bool IsVisible(MemberInfo member) => member switch
    {
        MethodBase method => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly,
        FieldInfo field => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly,
        _ => false, // What a property or event shows, its methods show.
    };

    private static IEnumerable<Type?> TypesOf(MemberInfo member) => member switch
    {
        MethodBase method => method.GetParameters().Select(p => p.ParameterType).Append((method as MethodInfo)?.ReturnType),
        FieldInfo field => [field.FieldType],
        _ => [],
    };
}
