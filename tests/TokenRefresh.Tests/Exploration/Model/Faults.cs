namespace TokenRefresh.Tests.Exploration.Model;

/// <summary>What may still go wrong on a path.</summary>
internal sealed record Faults
{
    /// <summary>Processes that may be killed, at any scheduling point.</summary>
    internal int Crashes { get; set; }

    /// <summary>Requests whose connection breaks: before the server has them, or after it has answered.</summary>
    internal int LostAnswers { get; set; }

    /// <summary>Requests that the client gives up while they are on their way or at work.</summary>
    internal int Timeouts { get; set; }

    /// <summary>Requests that are never sent, since no connection is made.</summary>
    internal int RefusedConnections { get; set; }

    /// <summary>Saves that fail, before the file is replaced or after it.</summary>
    internal int FailedSaves { get; set; }

    /// <summary>How often the lock file is deleted.</summary>
    internal int DeletedLockFiles { get; set; }

    /// <summary>Providers that are disposed in the middle of what they do.</summary>
    internal int Disposals { get; set; }

    /// <summary>How often the machine sleeps, past the limit of a request, while an answer is awaited.</summary>
    internal int Sleeps { get; set; }

    internal void AddTo(ref StateHash state)
    {
        state.Add(Crashes);
        state.Add(LostAnswers);
        state.Add(Timeouts);
        state.Add(RefusedConnections);
        state.Add(FailedSaves);
        state.Add(DeletedLockFiles);
        state.Add(Disposals);
        state.Add(Sleeps);
    }
}
