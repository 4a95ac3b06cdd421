using System.Globalization;

namespace TokenRefresh.Benchmarks.Coordinations;

/// <summary>The ways of coordination by name, as they stand on a worker's command line and in the tables.</summary>
internal static class Scheme
{
    internal const string TokenRefresh = "TokenRefresh";
    internal const string CrossPlatLock = "CrossPlatLock, 100 ms (default)";
    internal const string TunedCrossPlatLock = "CrossPlatLock, 5 ms";
    internal const string BareWatch = "floor: a bare watch";
    internal const string Nothing = "nothing (the harness alone)";

    internal static string Polling(int milliseconds) => string.Create(CultureInfo.InvariantCulture, $"polling, {milliseconds} ms");

    internal static ICoordination Create(string name, CoordinationSettings settings) => name switch
    {
        TokenRefresh => new TokenRefreshCoordination(settings),
        CrossPlatLock => new CrossPlatLockCoordination(settings, retryMilliseconds: 100, retries: 600),
        TunedCrossPlatLock => new CrossPlatLockCoordination(settings, retryMilliseconds: 5, retries: 12_000),
        BareWatch => new BareWatchCoordination(settings),
        Nothing => new NoCoordination(),
        _ => new PollingCoordination(settings, TimeSpan.FromMilliseconds(int.Parse(name.Split(' ')[1], CultureInfo.InvariantCulture))),
    };
}
