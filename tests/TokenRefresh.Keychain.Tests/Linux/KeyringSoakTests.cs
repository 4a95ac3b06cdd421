using System.Globalization;
using TokenRefresh.Keychain.Tests.Support;

namespace TokenRefresh.Keychain.Tests.Linux;

/// <summary>Expiry after expiry, each met by several new processes at once, while the service stands still now and then.</summary>
public sealed class KeyringSoakTests
{
    private const string MinutesVariable = "TOKENREFRESH_SOAK_MINUTES";
    private const int LoginsAtOnce = 3;

    private static readonly string? Minutes = Environment.GetEnvironmentVariable(MinutesVariable);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_expiry_costs_one_refresh_while_the_service_stands_still_now_and_then()
    {
        Assert.SkipWhen(string.IsNullOrEmpty(Minutes), $"Set {MinutesVariable} to the minutes it may take.");
        TimeSpan duration = TimeSpan.FromMinutes(double.Parse(Minutes!, CultureInfo.InvariantCulture));
        var shared = new SharedKeyring();
        await using IAsyncDisposable end = shared;
        await shared.InitializeAsync();
        long start = TimeProvider.System.GetTimestamp();
        int expiries = 0;
        for (; TimeProvider.System.GetElapsedTime(start) < duration; expiries += LoginsAtOnce)
        {
            Task all = Task.WhenAll(Enumerable.Range(0, LoginsAtOnce).Select(_ => MeetAsync(shared)));
            while (!all.IsCompleted)
            {
                await StandStillAsync(shared.Keyring);
            }

            await all;
        }

        TestContext.Current.TestOutputHelper!.WriteLine($"{expiries} expiries, one refresh each");
    }

    // An item of its own, and two processes.
    private static async Task MeetAsync(SharedKeyring shared)
    {
        await using var tests = new SecretServiceConformanceTests(shared);
        await tests.Processes_that_meet_an_expired_token_refresh_once();
    }

    private static async Task StandStillAsync(Keyring keyring)
    {
        await PauseAsync();
        keyring.Stop();
        await PauseAsync();
        keyring.Continue();
    }

    private static Task PauseAsync() =>
        Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(500)), TimeProvider.System, Cancellation);
}
