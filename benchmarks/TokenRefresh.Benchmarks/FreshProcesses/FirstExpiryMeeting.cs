using System.Diagnostics;
using System.Globalization;
using TokenRefresh.Benchmarks.Reporting;
using TokenRefresh.Testing;

namespace TokenRefresh.Benchmarks.FreshProcesses;

/// <summary>Starts processes, lets them meet an expiry together, and takes down what they saw. The server is in this process.</summary>
internal sealed class FirstExpiryMeeting : IAsyncDisposable
{
    private static readonly TimeSpan Expired = TimeSpan.FromSeconds(-60);
    private static readonly TimeSpan Valid = TimeSpan.FromHours(1);

    private readonly WorkDirectory _directory = new();
    private readonly LoopbackAuthorizationServer _server;

    private FirstExpiryMeeting(LoopbackAuthorizationServer server) => _server = server;

    internal static async Task<FirstExpiryMeeting> CreateAsync(TimeSpan latency) =>
        new(await LoopbackAuthorizationServer.StartAsync(new LoopbackAuthorizationServerOptions { Latency = latency }));

    /// <summary>Runs one round.</summary>
    /// <param name="program">The build.</param>
    /// <param name="scheme">How its processes refresh.</param>
    /// <param name="isValid">Whether the stored token is valid, so that no process has to refresh.</param>
    /// <param name="processes">How many processes.</param>
    /// <param name="callers">How many callers each of them has.</param>
    /// <param name="hasMadeRequests">
    /// Whether each process has made a request without a token before, so that its HTTP client is compiled.
    /// </param>
    internal async Task<FirstExpiryRound> RunAsync(
        FreshProgram program, string scheme, bool isValid, int processes, int callers, bool hasMadeRequests)
    {
        string path = Path.Combine(_directory.Path, $"{Guid.NewGuid():N}", ".credentials.json");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await File.WriteAllBytesAsync(path, SampleCredentials.Write(_server.IssueLogin(isValid ? Valid : Expired).Credentials));
        string[] arguments =
        [
            "first-expiry",
            scheme,
            path,
            _server.TokenUri.AbsoluteUri,
            _server.ApiUri.AbsoluteUri,
            callers.ToString(CultureInfo.InvariantCulture),
            hasMadeRequests ? new Uri(_server.ControlUri, "ping").AbsoluteUri : "",
        ];
        int requestsBefore = _server.Books.TokenRequests;
        ChildProcess[] children = await Task.WhenAll(Enumerable.Range(0, processes).Select(_ => program.StartAsync(arguments)));
        try
        {
            long releasedAt = Stopwatch.GetTimestamp();
            await Task.WhenAll(children.Select(child => child.SendAsync("go")));

            // A process that is asked too early replies when it is done; asked in time, its reply takes nothing from the others.
            await Task.Delay(TimeSpan.FromMilliseconds(200 + 30 * processes), TimeProvider.System);
            Report[] reports = [.. (await Task.WhenAll(children.Select(child => child.RunAsync("report")))).Select(Report.Parse)];
            return new FirstExpiryRound(
                Ticks.ToMilliseconds(reports.Max(report => report.ServedAt) - releasedAt),
                reports.Sum(report => report.Cpu.TotalMilliseconds),
                [.. reports.Select(report => report.Methods).Order()],
                _server.Books.TokenRequests - requestsBefore);
        }
        finally
        {
            await Task.WhenAll(children.Select(child => child.DisposeAsync().AsTask()));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _directory.Dispose();
    }

    private readonly record struct Report(long ServedAt, TimeSpan Cpu, long Methods)
    {
        internal static Report Parse(string text)
        {
            long[] parts = [.. text.Split(' ').Select(part => long.Parse(part, CultureInfo.InvariantCulture))];
            return new Report(parts[0], TimeSpan.FromTicks(parts[1]), parts[2]);
        }
    }
}
