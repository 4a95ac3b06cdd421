namespace TokenRefresh.ProcessTests.Soak;

/// <summary>
/// Everything that happens to the processes of a soak, each kind at its own pace; what happens, and how long until the next, is drawn from
/// the seed.
/// </summary>
internal sealed class Storm(SharedLogin login, IReadOnlyList<SoakProcess> processes, SoakLog log, int seed)
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestStop = TimeSpan.FromSeconds(3);

    // The first kind ends before a client gives up, the second after.
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan TooSlow = TimeSpan.FromSeconds(5);

    private static readonly TokenEndpointBehavior[] Faults =
    [
        TokenEndpointBehavior.DropBeforeProcessing,
        TokenEndpointBehavior.DropAfterProcessing,
        TokenEndpointBehavior.AnswerWith(500, "upstream failed", "text/plain"),
        TokenEndpointBehavior.FailAfterProcessing(),
        TokenEndpointBehavior.FailAfterProcessing(504),
        TokenEndpointBehavior.Throttle(429, TimeSpan.FromSeconds(1)),
        TokenEndpointBehavior.Throttle(503, retryAfter: null),
        TokenEndpointBehavior.Html(processed: true),
        TokenEndpointBehavior.TruncateBody(60),
        TokenEndpointBehavior.ResetInBody(60),
    ];

    private int _faultsFrom;

    /// <summary>Rages until it is over; then no one is stopped any more.</summary>
    internal Task RunAsync(CancellationToken over) => Task.WhenAll(
        RepeatAsync(1, TimeSpan.FromMilliseconds(4000), KillAsync, over),
        RepeatAsync(2, TimeSpan.FromMilliseconds(4000), StopAsync, over),
        RepeatAsync(3, TimeSpan.FromMilliseconds(2500), FaultAsync, over),
        RepeatAsync(4, TimeSpan.FromMilliseconds(8000), SignInAsync, over),
        RepeatAsync(5, TimeSpan.FromMilliseconds(30000), SignOutAsync, over),
        RepeatAsync(6, TimeSpan.FromMilliseconds(4000), RejectAsync, over),
        RepeatAsync(7, TimeSpan.FromMilliseconds(2000), DeleteLockFileAsync, over));

    /// <summary>Signs in anew, as a user would.</summary>
    /// <returns>The reply; <see langword="null"/> if the process was killed meanwhile.</returns>
    internal async Task<string?> SignInAsync(SoakProcess process, TimeSpan? lifetime = null)
    {
        IssuedLogin issued = login.Server.IssueLogin(lifetime);
        double seconds = (issued.Credentials.ExpiresAt!.Value - TimeProvider.System.GetUtcNow()).TotalSeconds;
        string command = string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"store {issued.AccessToken} {issued.RefreshToken} in:{seconds:F3}");
        return await RunAsync(process, command);
    }

    private async Task RepeatAsync(int kind, TimeSpan longestPause, Func<Random, SoakProcess, Task> act, CancellationToken over)
    {
        var random = new Random(SeedOf(kind));
        while (!over.IsCancellationRequested)
        {
            await Task.Delay(longestPause * random.NextDouble(), TimeProvider.System, CancellationToken.None);
            if (over.IsCancellationRequested)
            {
                return;
            }

            await act(random, processes[random.Next(processes.Count)]);
        }
    }

    private int SeedOf(int kind) => unchecked((seed * 31) + kind);

    private async Task KillAsync(Random random, SoakProcess process)
    {
        await process.KillAsync();
        log.Count("kills");
    }

    private async Task StopAsync(Random random, SoakProcess process)
    {
        // Squared: most stops are short.
        double length = random.NextDouble();
        await process.StopAsync(LongestStop * length * length);
        log.Count("stops");
    }

    private async Task FaultAsync(Random random, SoakProcess process)
    {
        int fault = random.Next(Faults.Length + 2);
        int requests = login.Books.TokenRequests;
        if (requests < _faultsFrom)
        {
            return;
        }

        // One request in between is answered as it should be: a fault that meets the replay of another leaves nothing but the next sign-in.
        _faultsFrom = requests + 2;
        log.Count("server faults");
        if (fault < Faults.Length)
        {
            login.Server.EnqueueTokenBehavior(Faults[fault]);
            return;
        }

        // Late with the answer, not with the rotation: a server that rotates long after its client is gone takes an honest replay for the
        // first use.
        ParkedRequest late = login.Server.ParkNextTokenRequest(ParkPoint.AfterProcessing);
        await Task.Delay(fault == Faults.Length ? Slow * random.NextDouble() : TooSlow, TimeProvider.System);
        late.Release();
    }

    // A user tries again until it went through.
    private async Task SignInAsync(Random random, SoakProcess process)
    {
        while (await SignInAsync(process) is null or not "")
        {
            process = processes[random.Next(processes.Count)];
            await Task.Delay(ShortestPause, TimeProvider.System);
        }
    }

    private Task SignOutAsync(Random random, SoakProcess process) => RunAsync(process, "remove");

    private Task RejectAsync(Random random, SoakProcess process)
    {
        login.Server.ExpireAllAccessTokens();
        log.Count("rejections of all tokens");
        return Task.CompletedTask;
    }

    private Task DeleteLockFileAsync(Random random, SoakProcess process)
    {
        File.Delete(login.LockPath);
        log.Count("deletions of the lock file");
        return Task.CompletedTask;
    }

    private async Task<string?> RunAsync(SoakProcess process, string command)
    {
        string? reply = await process.TryAsync(command);
        if (reply is not null)
        {
            log.Reply(process.Sender, command.Split(' ')[0], reply);
        }

        return reply;
    }
}
