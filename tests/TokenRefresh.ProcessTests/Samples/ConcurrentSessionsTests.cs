using System.Diagnostics;
using System.Reflection;
using FluentAssertions;

namespace TokenRefresh.ProcessTests.Samples;

public sealed class ConcurrentSessionsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task The_coordinated_half_is_perfect()
    {
        var (exitCode, output) = await RunAsync("--only", "coordinated", "--processes", "4", "--expiries", "2");

        output.Should().Contain("Verdict: perfect");
        exitCode.Should().Be(0, output);
    }

    [Fact]
    public async Task A_lock_that_excludes_no_one_fails_the_verdict_by_the_server_s_books()
    {
        var (exitCode, output) = await RunAsync("--only", "coordinated", "--no-op-lock", "--processes", "4", "--expiries", "2");

        output.Should().Contain("1 login revoked").And.Contain("Verdict: not perfect");
        exitCode.Should().Be(2, output);
    }

    [Theory]
    [InlineData("--processes", "0")]
    [InlineData("--lifetime", "abc")]
    [InlineData("--callers", "1.5")]
    public async Task A_wrong_option_is_told_from_a_verdict(string option, string value)
    {
        var (exitCode, output) = await RunAsync(option, value);

        output.Should().Contain($"'{option}' must be a whole number from 1 to ").And.NotContain("   at ", "a wrong option is no crash");
        exitCode.Should().Be(1);
    }

    private static async Task<(int ExitCode, string Output)> RunAsync(params string[] arguments)
    {
        var metadata = typeof(ConcurrentSessionsTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>();
        var program = metadata.Single(a => a.Key == "ConcurrentSessions").Value!;
        var start = new ProcessStartInfo("dotnet", [program, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        try
        {
            var output = await process.StandardOutput.ReadToEndAsync().WaitAsync(Patience, TimeProvider.System);
            await process.WaitForExitAsync();
            return (process.ExitCode, output + await errors);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }
}
