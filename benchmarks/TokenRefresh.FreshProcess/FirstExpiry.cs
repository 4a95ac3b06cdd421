using System.Diagnostics;
using System.Globalization;
using System.Runtime;

namespace TokenRefresh.FreshProcess;

/// <summary>
/// A process whose callers each make one request, and so meet the expiry of the stored token. It waits for a line on its standard input
/// before it touches anything of the scheme, and for another before it prints what it measured, so that no output disturbs the others.
/// </summary>
internal static class FirstExpiry
{
    internal static async Task<int> RunAsync(string scheme, string path, Uri tokenEndpoint, Uri resource, string callers, string before)
    {
        if (before.Length > 0)
        {
            // A program that has made requests before, without a token: HTTP is compiled, which costs all schemes the same.
            using var http = new HttpClient();
            await http.GetStringAsync(new Uri(before));
        }

        Stream input = Console.OpenStandardInput();
        Console.WriteLine("ready");
        if (!ReadLine(input))
        {
            return 1;
        }

        TimeSpan cpu = Environment.CpuUsage.TotalTime;
        using IRequestSender sender = CreateSender(scheme, path, tokenEndpoint, resource);
        var calls = new Task[int.Parse(callers, CultureInfo.InvariantCulture)];
        for (var i = 0; i < calls.Length; i++)
        {
            calls[i] = Task.Run(sender.SendAsync);
        }

        await Task.WhenAll(calls);
        long servedAt = Stopwatch.GetTimestamp();
        long methods = JitInfo.GetCompiledMethodCount();
        cpu = Environment.CpuUsage.TotalTime - cpu;
        ReadLine(input);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"ok {servedAt} {cpu.Ticks} {methods}"));

        // Until the parent has read that and closes the input.
        ReadLine(input);
        return 0;
    }

    private static IRequestSender CreateSender(string scheme, string path, Uri tokenEndpoint, Uri resource) => scheme switch
    {
        "TokenRefresh" => new TokenRefreshSender(path, tokenEndpoint, resource),
        "read" => new ReadingSender(path, resource),
        _ => new CoordinatedSender(scheme, path, tokenEndpoint, resource),
    };

    private static bool ReadLine(Stream input)
    {
        int read;
        do
        {
            read = input.ReadByte();
        }
        while (read is not (-1 or '\n'));

        return read == '\n';
    }
}
