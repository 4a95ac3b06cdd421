namespace TokenRefresh.Benchmarks.Scale;

/// <summary>So many machines that share one login in one store, in virtual time.</summary>
internal sealed class Simulation
{
    internal static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    private static readonly TimeSpan Exchange = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan AskInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan KeepMargin = TimeSpan.FromMinutes(10);

    private readonly VirtualClock _clock = new();
    private readonly SimulatedServer _server;
    private readonly SimulatedEndpoint _endpoint;
    private readonly SimulatedMachine[] _machines;

    internal Simulation(Medium medium, int machines)
    {
        // The same every time.
        var dice = new Random(machines);
        var options = new TokenRefreshOptions
        {
            TokenEndpoint = new Uri("https://simulated.example/token"),
            ClientId = "benchmarks",
            HandleProcessSignals = false,
        };
        _server = new SimulatedServer(_clock, medium)
        {
            Stored = new OAuthCredentials("access-0", "refresh-0", VirtualClock.Start - TimeSpan.FromMinutes(1)),
        };
        _endpoint = new SimulatedEndpoint(_clock, Exchange, Lifetime);
        _machines =
        [
            .. Enumerable.Range(0, machines).Select(_ => new SimulatedMachine(_server, _endpoint, options, new Random(dice.Next()))),
        ];
    }

    /// <summary>All wake at the same moment, and find the token expired.</summary>
    internal Figures WakeUp()
    {
        foreach (SimulatedMachine machine in _machines)
        {
            machine.Ask();
        }

        _clock.Run(TimeSpan.FromMinutes(5), () => Array.TrueForAll(_machines, machine => machine.HasToken));
        return Take(_clock.Elapsed - _endpoint.AnsweredAt);
    }

    /// <summary>An hour later: each machine has a request every second, from before the token is due until it would have expired.</summary>
    internal Figures NextExpiry(bool keepsFresh)
    {
        WakeUp();
        TimeSpan begin = Lifetime - KeepMargin - TimeSpan.FromMinutes(1);
        _clock.Run(begin);
        Forget();
        foreach (SimulatedMachine machine in _machines)
        {
            machine.AskEvery(AskInterval);
            if (keepsFresh)
            {
                machine.KeepFresh(KeepMargin);
            }
        }

        _clock.Run(Lifetime + TimeSpan.FromMinutes(1));
        return Take(TimeSpan.Zero);
    }

    /// <summary>The token has expired, and the token endpoint answers 503 for ten minutes.</summary>
    internal Figures Outage()
    {
        _endpoint.IsDown = true;
        foreach (SimulatedMachine machine in _machines)
        {
            machine.AskEvery(AskInterval);
        }

        _clock.Run(TimeSpan.FromMinutes(10));
        return Take(TimeSpan.Zero);
    }

    private void Forget()
    {
        _server.ForgetFigures();
        _endpoint.Requests = 0;
        foreach (SimulatedMachine machine in _machines)
        {
            machine.ForgetFigures();
        }
    }

    private Figures Take(TimeSpan afterAnswer) => new(
        _endpoint.Requests,
        _machines.Max(machine => machine.LongestWait).TotalMilliseconds,
        afterAnswer.TotalMilliseconds,
        _machines.Sum(machine => machine.Waits),
        _server.MostReads,
        _server.MostWrites,
        _server.MostConnections,
        _server.Operations);

    /// <summary>What came of it.</summary>
    /// <param name="Requests">At the token endpoint.</param>
    /// <param name="LongestWait">Of a request for its token, in milliseconds.</param>
    /// <param name="AfterAnswer">From the answer of the token endpoint until all were served, in milliseconds.</param>
    /// <param name="Waits">How many machines had requests that waited.</param>
    /// <param name="Reads">In the busiest second.</param>
    /// <param name="Writes">In the busiest second.</param>
    /// <param name="Connections">At most.</param>
    /// <param name="Operations">In all.</param>
    internal sealed record Figures(
        int Requests, double LongestWait, double AfterAnswer, int Waits, int Reads, int Writes, int Connections, long Operations);
}
