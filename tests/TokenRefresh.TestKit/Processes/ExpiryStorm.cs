using Xunit;

namespace TokenRefresh.TestKit;

/// <summary>
/// Expiry after expiry, each met by several processes at once, while things are killed. All must get one token, but a killed process.
/// </summary>
/// <param name="settings">How long, and from what it is drawn; <see langword="null"/> for a few expiries.</param>
/// <param name="storeExpired">Stores a login whose access token has expired.</param>
/// <param name="start">
/// Starts the process of this number, and disposes it in the end. It replies to <c>insist</c> with its token's fingerprint, as its first
/// word, once it has one.
/// </param>
public sealed class ExpiryStorm(SoakSettings? settings, Func<Task> storeExpired, Func<int, Task<ChildProcess>> start)
{
    private const int FewProcesses = 4;
    private const int FewRounds = 6;
    private const int LongestDelay = 120;

    private readonly int _processes = settings is null ? FewProcesses : FewProcesses * 2;
    private readonly SortedDictionary<int, ChildProcess> _children = [];
    private readonly SortedDictionary<string, int> _faults = new(StringComparer.Ordinal);

    /// <summary>Gets what it is drawn from, for its output.</summary>
    public int Seed { get; } = settings?.Seed ?? SoakSettings.SeedFromEnvironment();

    /// <summary>Gets how many expiries there were.</summary>
    public int Rounds { get; private set; }

    /// <summary>Gets how many of what was killed, for its output.</summary>
    public string Faults => string.Join(", ", _faults.Select(fault => $"{fault.Key} {fault.Value}"));

    /// <summary>Lets it rage.</summary>
    /// <param name="hurt">Kills something while a refresh may be under way, or nothing, and names it.</param>
    /// <returns>A task of the whole.</returns>
    public async Task RunAsync(Func<Random, Task<string>> hurt)
    {
        ArgumentNullException.ThrowIfNull(hurt);
        var dice = new Random(Seed);
        long begin = TimeProvider.System.GetTimestamp();
        for (; settings is null ? Rounds < FewRounds : TimeProvider.System.GetElapsedTime(begin) < settings.Duration; Rounds++)
        {
            await Task.WhenAll(Enumerable.Range(0, _processes).Where(number => !_children.ContainsKey(number)).Select(StartAsync));
            await storeExpired();
            Task<string>[] replies = [.. _children.Values.Select(child => child.RunAsync("insist"))];
            await Task.Delay(TimeSpan.FromMilliseconds(dice.Next(LongestDelay)), TimeProvider.System);
            int before = _children.Count;
            string fault = await hurt(dice);
            _faults[fault] = _faults.GetValueOrDefault(fault) + 1;
            await Task.WhenAll(replies).ContinueWith(_ => { }, TaskScheduler.Default);
            string[] failures = [.. replies.Where(reply => reply.IsFaulted).Select(reply => reply.Exception!.InnerException!.Message)];
            string[] tokens =
            [
                .. replies.Where(reply => reply.IsCompletedSuccessfully).Select(reply => reply.Result.Split(' ')[0])
                    .Distinct(StringComparer.Ordinal),
            ];
            Assert.True(
                tokens.Length == 1 && failures.Length <= before - _children.Count,
                $"{tokens.Length} tokens, not one, or failures of others than killed processes, in round {Rounds} of seed {Seed}, {fault}: "
                + string.Join("; ", failures));
        }
    }

    /// <summary>Kills one of the processes.</summary>
    /// <param name="dice">Which.</param>
    /// <returns>A task that completes when it is gone.</returns>
    public async Task KillOneAsync(Random dice)
    {
        ArgumentNullException.ThrowIfNull(dice);
        int number = _children.Keys.ElementAt(dice.Next(_children.Count));
        _children.Remove(number, out ChildProcess? child);
        await child!.KillAsync();
    }

    private async Task StartAsync(int number)
    {
        ChildProcess child = await start(number);
        lock (_children)
        {
            _children.Add(number, child);
        }
    }
}
