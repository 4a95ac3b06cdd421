namespace TokenRefresh.Benchmarks.Scale;

/// <summary>What keeps the login, and what its operations cost.</summary>
/// <param name="Name">For the tables.</param>
/// <param name="RoundTrip">From a machine to the store and back.</param>
/// <param name="Cost">Of one operation, on one of the cores.</param>
/// <param name="Notifies">Whether a save and a release are told to those who wait.</param>
/// <param name="Queues">Whether the system hands the lock from one to the next. Otherwise each tries, when told and now and then.</param>
internal sealed record Medium(string Name, TimeSpan RoundTrip, TimeSpan Cost, bool Notifies, bool Queues)
{
    /// <summary>Of the machine that does them: that of the database, or that of the file.</summary>
    internal const int Cores = 2;

    /// <summary>A file of one machine. Its waiters share two cores, and one operation is a read of a file of theirs.</summary>
    internal static readonly Medium File = new("file", TimeSpan.Zero, TimeSpan.FromMicroseconds(200), Notifies: true, Queues: true);

    /// <summary>A row of PostgreSQL on a machine of the same network.</summary>
    internal static readonly Medium Database =
        new("PostgreSQL", TimeSpan.FromMilliseconds(1), TimeSpan.FromMicroseconds(100), Notifies: true, Queues: false);

    /// <summary>The same where notifications get lost, as behind some proxies.</summary>
    internal static readonly Medium Polled = Database with { Name = "PostgreSQL, polled", Notifies = false };

    /// <summary>A row of PostgreSQL on the same two cores as those who use it, which is what can be measured here.</summary>
    internal static readonly Medium OneMachine =
        new("PostgreSQL, one machine", TimeSpan.FromMicroseconds(50), TimeSpan.FromMicroseconds(200), Notifies: true, Queues: false);
}
