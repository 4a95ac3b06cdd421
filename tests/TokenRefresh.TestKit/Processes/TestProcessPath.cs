using System.Reflection;

namespace TokenRefresh.TestKit;

/// <summary>
/// Finds the child program of the tests. A project imports <c>TestProcess.targets</c>, which builds it and writes its path into the
/// assembly.
/// </summary>
public static class TestProcessPath
{
    /// <summary>Reads the path that the build wrote.</summary>
    /// <param name="assembly">The assembly of the project that imports the targets file.</param>
    /// <returns>The path of <c>TokenRefresh.TestProcess.dll</c>.</returns>
    /// <exception cref="InvalidOperationException">The project does not import the targets file.</exception>
    public static string Of(Assembly assembly)
    {
        ArgumentNullException.ThrowIfNull(assembly);
        IEnumerable<AssemblyMetadataAttribute> all = assembly.GetCustomAttributes<AssemblyMetadataAttribute>();
        return all.FirstOrDefault(metadata => metadata.Key == "TestProcessPath")?.Value
            ?? throw new InvalidOperationException(
                $"'{assembly.GetName().Name}' knows no TestProcessPath: "
                    + "import 'tests/TokenRefresh.TestProcess/TestProcess.targets' into its project file.");
    }
}
