using TokenRefresh.Testing;

namespace ConcurrentSessions;

/// <summary>What one half looks like at a moment: what the sessions say, and the server's books, which alone decide.</summary>
internal sealed record HalfState(ProviderKind Provider, IReadOnlyList<SessionState> Sessions, AuthorizationServerBooks Books)
{
    public int LoggedOut => Sessions.Count(s => s.Report.IsLoggedOut);

    public int Failed => Sessions.Count(s => s.HasFailed);

    public int Served => Sessions.Sum(s => s.Report.Served);

    /// <summary>Each expiry cost one refresh, no refresh token was used twice, and no session was logged out.</summary>
    public bool IsPerfect =>
        Books is { Reuses: 0, FamiliesRevoked: 0, Expiries: > 0 } && Books.Grants == Books.Expiries
        && LoggedOut == 0 && Failed == 0 && Sessions.All(s => s.Report.Served > 0);
}

internal sealed record SessionState(int ProcessId, SessionReport Report, bool HasFailed);

/// <summary>Runs one half: a server, a credentials file, and the sessions that share it.</summary>
internal static class Half
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(100);

    // As long as a request to a real authorization server takes; without it a refresh would be over before another session needs one.
    private static readonly TimeSpan ServerLatency = TimeSpan.FromMilliseconds(60);

    public static async Task<HalfState> RunAsync(
        Load load, ProviderKind provider, Action<HalfState> show, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("concurrent-sessions");
        var sessions = new List<SessionProcess>();
        try
        {
            await using var server = await LoopbackAuthorizationServer.StartAsync(new LoopbackAuthorizationServerOptions
            {
                AccessTokenLifetime = load.Lifetime,
                Latency = ServerLatency,
                ClientId = SessionSettings.ClientId,
            });
            var file = Path.Combine(folder.FullName, ".credentials.json");
            sessions.AddRange(Enumerable.Range(0, load.Processes).Select(i =>
                SessionProcess.Start(new SessionSettings(provider, file, server.TokenUri, server.ApiUri, load.Callers, load.Seed + i))));
            await Task.WhenAll(sessions.Select(s => s.WhenReadyAsync()));

            CredentialsFile.Write(file, server.IssueLogin().Credentials);
            await Task.WhenAll(sessions.Select(s => s.GoAsync()));
            await WatchAsync(load, () => State(provider, sessions, server), show, cancellationToken);

            await Task.WhenAll(sessions.Select(s => s.StopAsync()));
            var final = State(provider, sessions, server);
            show(final);
            return final;
        }
        finally
        {
            await Task.WhenAll(sessions.Select(s => s.DisposeAsync().AsTask()));
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Ends right after a grant, so that the newest token is far from its end when the books are closed.</summary>
    private static async Task WatchAsync(Load load, Func<HalfState> look, Action<HalfState> show, CancellationToken cancellationToken)
    {
        var start = TimeProvider.System.GetTimestamp();
        HalfState state;
        do
        {
            await Task.Delay(LookInterval, TimeProvider.System, cancellationToken);
            state = look();
            show(state);
        }
        while (state.Books.Grants < load.Expiries
            && state.LoggedOut + state.Failed < load.Processes
            && TimeProvider.System.GetElapsedTime(start) < load.Patience);
    }

    private static HalfState State(ProviderKind provider, List<SessionProcess> sessions, LoopbackAuthorizationServer server) =>
        new(provider, [.. sessions.Select(s => new SessionState(s.Id, s.Report, s.HasFailed))], server.Books);
}
