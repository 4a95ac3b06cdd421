#:property PublishAot=false
// dotnet run .ci/check-package.cs -- <package folder> <version> <repository>: asserts what is in the package and what it depends on.
using System.IO.Compression;
using System.Reflection.PortableExecutable;
using System.Text.RegularExpressions;
using System.Xml.Linq;

// The lowest versions that a program can have: no package is made to be newer than it must be, and none is capped.
var dependencies = new Dictionary<string, string>(StringComparer.Ordinal)
{
    ["net10.0"] = "Microsoft.Extensions.Http 10.0.0; Polly.Core 8.4.2; System.IO.Abstractions 23.0.0",
    ["net8.0"] = "Microsoft.Extensions.Http 8.0.1; Polly.Core 8.4.2; System.IO.Abstractions 23.0.0",
};
string[] frameworks = [.. dependencies.Keys];
string[] precompiled = ["linux-arm64", "linux-x64", "osx-arm64", "osx-x64", "win-x64"];
string[] entries =
[
    "README.md",
    .. frameworks.SelectMany(f => new[] { $"lib/{f}/TokenRefresh.dll", $"lib/{f}/TokenRefresh.xml" }),
    .. precompiled.Select(r => $"runtimes/{r}/lib/net10.0/TokenRefresh.dll"),
];
string[] folders = ["lib/", "runtimes/"];

var problems = new List<string>();
var path = Path.Combine(args[0], $"TokenRefresh.{args[1]}.nupkg");
using (var package = ZipFile.OpenRead(path))
{
    foreach (var entry in entries.Where(e => package.GetEntry(e) is not { Length: > 0 }))
    {
        problems.Add($"the package lacks '{entry}'");
    }

    foreach (var entry in package.Entries.Where(e => folders.Any(e.FullName.StartsWith) && !entries.Contains(e.FullName)))
    {
        problems.Add($"the package holds '{entry.FullName}'");
    }

    using var nuspec = package.GetEntry("TokenRefresh.nuspec")!.Open();
    var metadata = XDocument.Load(nuspec).Root!.Elements().Single(e => e.Name.LocalName == "metadata");
    Expect("version", args[1], Text("version"));
    Expect("licence", "expression MIT", $"{(string?)Element("license")?.Attribute("type")} {Text("license")}");
    Expect("readme", "README.md", Text("readme"));
    Check("description", Text("description").Length > 20);
    Expect("project address", args[2], Text("projectUrl"));
    Expect("repository", args[2], (string?)Element("repository")?.Attribute("url") ?? "");
    Check("tags", Text("tags").Split(' ').Contains("oauth"));
    Expect("icon", "icon.png", Text("icon"));
    Check("icon is a small PNG", IsSmallPng(Bytes("icon.png")));
    var changes = Text("releaseNotes");
    Check("release notes are one section", changes.Length is > 0 and < 35_000 && !changes.Contains("\n## "));

    var readme = System.Text.Encoding.UTF8.GetString(Bytes("README.md"));
    var links = Regex.Matches(readme, @"\]\(([^)\s]+)\)").Select(m => m.Groups[1].Value).Where(link => !link.StartsWith('#')).ToList();
    problems.AddRange(links.Where(link => !Uri.TryCreate(link, UriKind.Absolute, out _)).Select(link => $"the README links to '{link}'"));
    Check("the README links into the repository", links.Any(link => link.StartsWith($"{args[2]}/blob/")));
    Check("the README is the repository's", WithoutTargets(readme) == WithoutTargets(File.ReadAllText("README.md")));

    var groups = Element("dependencies")!.Elements().ToDictionary(
        g => (string)g.Attribute("targetFramework")!,
        g =>
            string.Join(
                "; ",
                g.Elements().Select(d => $"{(string?)d.Attribute("id")} {(string?)d.Attribute("version")}").Order(StringComparer.Ordinal)),
        StringComparer.Ordinal);
    Expect("target frameworks", string.Join("; ", frameworks), string.Join("; ", groups.Keys.Order(StringComparer.Ordinal)));
    foreach (var (framework, list) in groups)
    {
        Expect($"dependencies of {framework}", dependencies.GetValueOrDefault(framework, ""), list);
    }

    foreach (var entry in package.Entries.Where(e => e.FullName.EndsWith("/TokenRefresh.dll", StringComparison.Ordinal)))
    {
        using var image = new MemoryStream();
        using (var content = entry.Open())
        {
            content.CopyTo(image);
        }

        image.Position = 0;
        using var reader = new PEReader(image);
        var isPrecompiled = reader.PEHeaders.CorHeader!.ManagedNativeHeaderDirectory.Size > 0;
        Expect(
            $"'{entry.FullName}' is",
            entry.FullName.StartsWith("runtimes/", StringComparison.Ordinal) ? "precompiled" : "IL",
            isPrecompiled ? "precompiled" : "IL");
        Console.WriteLine($"package: '{entry.FullName}' has {entry.Length:N0} bytes, packed {entry.CompressedLength:N0}");
    }

    byte[] Bytes(string name)
    {
        using var bytes = new MemoryStream();
        using var content = package.GetEntry(name)!.Open();
        content.CopyTo(bytes);
        return bytes.ToArray();
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

static bool IsSmallPng(byte[] icon) => icon.Length < 64 * 1024 && icon.AsSpan(1, 3).SequenceEqual("PNG"u8);

static string WithoutTargets(string text) => Regex.Replace(text, @"\]\([^)\s]+\)", "]").TrimEnd();

void Check(string what, bool holds) => Expect(what, "true", holds ? "true" : "false");

void Expect(string what, string expected, string actual)
{
    Console.WriteLine($"package: {what}: {actual}");
    if (expected != actual)
    {
        problems.Add($"{what} should be '{expected}'");
    }
}
