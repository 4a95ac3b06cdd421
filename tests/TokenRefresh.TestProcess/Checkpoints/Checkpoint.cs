namespace TokenRefresh.TestProcess.Checkpoints;

/// <summary>A place in a refresh where the first one that comes by announces itself and parks, for good or until it is let go.</summary>
internal sealed class Checkpoint(string name, Action<string> announce)
{
    internal const string Lease = "lease";
    internal const string ReRead = "reread";
    internal const string Prepare = "prepare";
    internal const string Journal = "journal";
    internal const string Handler = "handler";
    internal const string BlockedHandler = "blocked-handler";
    internal const string Answered = "answered";
    internal const string Temp = "temp";
    internal const string Renamed = "renamed";
    internal const string Release = "release";

    private static readonly string[] Names = [Lease, ReRead, Prepare, Journal, Handler, BlockedHandler, Answered, Temp, Renamed, Release];

    private readonly TaskCompletionSource _passed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly string _name = Names.Contains(name, StringComparer.Ordinal)
        ? name
        : throw new CommandException($"'{name}' is no checkpoint; there are {string.Join(", ", Names)}.");
    private int _arrivals;

    internal void LetGo() => _passed.TrySetResult();

    internal Task ReachAsync(string place)
    {
        if (place != _name || Interlocked.Increment(ref _arrivals) > 1)
        {
            return Task.CompletedTask;
        }

        announce($"reached {place}");
        return _passed.Task;
    }

    /// <summary>Parks the thread itself, in the midst of what is synchronous.</summary>
    internal void Reach(string place) => ReachAsync(place).GetAwaiter().GetResult();
}
