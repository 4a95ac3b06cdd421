using FluentAssertions;

namespace TokenRefresh.Tests.Conventions;

public sealed class PublicSurfaceTests
{
    private const string Approved = "tests/TokenRefresh.Tests/Conventions/PublicSurface.approved.txt";

    [Fact]
    public void The_public_surface_is_the_approved_one()
    {
        var approvedPath = Path.Combine(SourceFile.RepositoryRoot, Approved);
        var receivedPath = approvedPath.Replace(".approved.", ".received.", StringComparison.Ordinal);
        string[] approved = File.Exists(approvedPath) ? File.ReadAllLines(approvedPath) : [];

        var received = PublicSurface.Describe(ProductTypes.Public);

        if (received.SequenceEqual(approved, StringComparer.Ordinal))
        {
            File.Delete(receivedPath);
            return;
        }

        File.WriteAllText(receivedPath, string.Join('\n', received) + "\n");
        Assert.Fail($"""
            The public surface changed. If that is meant, approve it: mv {receivedPath} {approvedPath}
            {string.Join('\n', approved.Except(received, StringComparer.Ordinal).Select(line => "- " + line.Trim()).Concat(received.Except(approved, StringComparer.Ordinal).Select(line => "+ " + line.Trim())))}
            """);
    }

    [Fact]
    public void The_description_shows_modifiers_defaults_and_nullability()
    {
        var lines = PublicSurface.Describe([typeof(Sample)]).Select(line => line.Trim());

        lines.Should().Equal(
            "TokenRefresh.Tests.Conventions: abstract class TokenRefresh.Tests.Conventions.PublicSurfaceTests.Sample : IDisposable",
            "const int Most = 3",
            "int? Count { get; init; }",
            "protected new(string name = \"x\")",
            "required IReadOnlyList<string>? Names { get; set; }",
            "static Task<string?> FindAsync(string? key, CancellationToken cancellationToken = default)",
            "void Dispose()");
    }

    public abstract class Sample : IDisposable
    {
        public const int Most = 3;

        protected Sample(string name = "x") => Unseen = name;

        public required IReadOnlyList<string>? Names { get; set; }

        public int? Count { get; init; }

        private string Unseen { get; }

        public static Task<string?> FindAsync(string? key, CancellationToken cancellationToken = default) => Task.FromResult(key);

        public void Dispose() => GC.SuppressFinalize(this);
    }
}
