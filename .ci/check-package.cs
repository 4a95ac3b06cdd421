#:property PublishAot=false
// dotnet run .ci/check-package.cs -- <package folder> <version>: asserts what is in the package and what it depends on.
using System.IO.Compression;
using System.Xml.Linq;

string[] dependencies =
[
    "Microsoft.Extensions.Http 10.0.14",
    "Polly.Core 8.9.1",
    "System.IO.Abstractions [17.0.24, 18.0.0)",
];
string[] frameworks = ["net10.0", "net8.0"];
string[] entries =
[
    "README.md",
    .. frameworks.SelectMany(f => new[] { $"lib/{f}/TokenRefresh.dll", $"lib/{f}/TokenRefresh.xml" }),
];

var problems = new List<string>();
var path = Path.Combine(args[0], $"TokenRefresh.{args[1]}.nupkg");
using (var package = ZipFile.OpenRead(path))
{
    foreach (var entry in entries.Where(e => package.GetEntry(e) is not { Length: > 0 }))
    {
        problems.Add($"the package lacks '{entry}'");
    }

    foreach (var entry in package.Entries.Where(e => e.FullName.StartsWith("lib/", StringComparison.Ordinal) && !entries.Contains(e.FullName)))
    {
        problems.Add($"the package holds '{entry.FullName}'");
    }

    using var nuspec = package.GetEntry("TokenRefresh.nuspec")!.Open();
    var metadata = XDocument.Load(nuspec).Root!.Elements().Single(e => e.Name.LocalName == "metadata");
    Expect("version", args[1], Text("version"));
    Expect("licence", "expression MIT", $"{(string?)Element("license")?.Attribute("type")} {Text("license")}");
    Expect("readme", "README.md", Text("readme"));
    Expect("description", "true", Text("description").Length > 20 ? "true" : "false");

    var groups = Element("dependencies")!.Elements().ToDictionary(
        g => (string)g.Attribute("targetFramework")!,
        g => string.Join("; ", g.Elements().Select(d => $"{(string?)d.Attribute("id")} {(string?)d.Attribute("version")}").Order(StringComparer.Ordinal)),
        StringComparer.Ordinal);
    Expect("target frameworks", string.Join("; ", frameworks), string.Join("; ", groups.Keys.Order(StringComparer.Ordinal)));
    foreach (var (framework, list) in groups)
    {
        Expect($"dependencies of {framework}", string.Join("; ", dependencies), list);
    }

    XElement? Element(string name) => metadata.Elements().SingleOrDefault(e => e.Name.LocalName == name);
    string Text(string name) => Element(name)?.Value ?? "";
}

using (var symbols = ZipFile.OpenRead(Path.ChangeExtension(path, ".snupkg")))
{
    foreach (var framework in frameworks.Where(f => symbols.GetEntry($"lib/{f}/TokenRefresh.pdb") is null))
    {
        problems.Add($"the symbol package lacks '{framework}'");
    }
}

problems.ForEach(p => Console.Error.WriteLine($"package: {p}"));
return problems.Count == 0 ? 0 : 1;

void Expect(string what, string expected, string actual)
{
    Console.WriteLine($"package: {what}: {actual}");
    if (expected != actual)
    {
        problems.Add($"{what} should be '{expected}'");
    }
}
