using System.Reflection;
using System.Text.RegularExpressions;

namespace TokenRefresh.Tests.Conventions;

/// <summary>One C# file of the repository, with what the conventions ask of it.</summary>
internal sealed partial class SourceFile
{
    private SourceFile(string path, string room)
    {
        Path = System.IO.Path.GetRelativePath(RepositoryRoot, path).Replace('\\', '/');
        Room = room;
        var text = File.ReadAllText(path);
        LineCount = text.AsSpan().Count('\n');
        Code = CodeText.Of(text);
        Namespace = NamespaceDeclaration().Match(Code) is { Success: true } match ? match.Groups["name"].Value : "";
        Types = [.. TypeDeclaration().Matches(Code).Select(m => new DeclaredType(m.Groups["name"].Value, m.Groups["modifiers"].Value))];
    }

    public static string RepositoryRoot { get; } = typeof(SourceFile).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(a => a.Key == "RepositoryRoot").Value!;

    /// <summary>Relative to the repository, with slashes.</summary>
    public string Path { get; }

    /// <summary>The folders below the project, joined by dots, or empty for the files beside the project file.</summary>
    public string Room { get; }

    public int LineCount { get; }

    /// <summary>The text without comments and literals.</summary>
    public string Code { get; }

    public string Namespace { get; }

    /// <summary>The types declared at the top level of the file.</summary>
    public IReadOnlyList<DeclaredType> Types { get; }

    public static IReadOnlyList<SourceFile> Below(params string[] folders) =>
    [
        .. from folder in folders
           let root = System.IO.Path.Combine(RepositoryRoot, folder)
           where Directory.Exists(root)
           from path in Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
           let parts = System.IO.Path.GetRelativePath(root, path).Split(System.IO.Path.DirectorySeparatorChar)
           where !parts.Contains("obj") && !parts.Contains("bin")
           select new SourceFile(path, string.Join('.', parts[..^1])),
    ];

    public override string ToString() => Path;

    [GeneratedRegex(@"^namespace\s+(?<name>[\w.]+)\s*;", RegexOptions.Multiline, 5000)]
    private static partial Regex NamespaceDeclaration();

    // Top-level types start in the first column, since every namespace is file-scoped.
    [GeneratedRegex(
        @"^(?<modifiers>(?:(?:public|internal|file|sealed|static|abstract|readonly|ref|unsafe|partial)\s+)*)"
        + @"(?:class|struct|interface|enum|record(?:\s+(?:class|struct))?|delegate\s+[\w<>?.\[\], ]+)\s+(?<name>\w+)",
        RegexOptions.Multiline | RegexOptions.ExplicitCapture,
        5000)]
    private static partial Regex TypeDeclaration();
}

internal sealed record DeclaredType(string Name, string Modifiers)
{
    public bool IsPublic => Modifiers.Contains("public", StringComparison.Ordinal);
}
