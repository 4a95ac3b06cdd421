using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using TokenRefresh.Benchmarks.Peers;

namespace TokenRefresh.FreshProcess;

/// <summary>
/// A process that needs a valid token from the disk, prints when it was in its first line and when it had the token, and ends.
/// </summary>
internal static class ColdStart
{
    internal static async Task<int> RunAsync(string reader, string path)
    {
        long started = Stopwatch.GetTimestamp();
        switch (reader)
        {
            case "nothing":
                break;
            case "hand":
                ReadByHand(path);
                break;
            case "TokenRefresh":
                await GetFromTokenRefreshAsync(path);
                break;
            default:
                await GetFromMsalAsync(path);
                break;
        }

        long held = Stopwatch.GetTimestamp();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{started} {held}"));
        return 0;
    }

    // Methods of their own, so that no reader loads the assemblies of another.
    private static void ReadByHand(string path)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(path));
        _ = document.RootElement.GetProperty("claudeAiOauth").GetProperty("accessToken").GetString();
    }

    private static async Task GetFromTokenRefreshAsync(string path)
    {
        await using CoordinatedTokenProvider tokens = CoordinatedTokenProvider.Create(options =>
        {
            options.CredentialsPath = path;
            options.TokenEndpoint = new Uri("https://localhost/never-asked");
            options.ClientId = "benchmarks";
        });
        await tokens.GetAccessTokenAsync();
    }

    private static async Task GetFromMsalAsync(string path)
    {
        MsalTokens tokens = await MsalTokens.CreateAsync(Path.GetDirectoryName(path));
        await tokens.GetAsync();
    }
}
