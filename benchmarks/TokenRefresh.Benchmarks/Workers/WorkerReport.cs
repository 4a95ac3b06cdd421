using System.Globalization;

namespace TokenRefresh.Benchmarks.Workers;

/// <summary>
/// What one process saw of one round. The ticks are <see cref="System.Diagnostics.Stopwatch"/>'s: the monotonic clock, the same in all
/// processes of a machine.
/// </summary>
/// <param name="SavedAt">When this process's own save landed; 0 if it saved nothing.</param>
/// <param name="HeldAt">When it had the token, or had had its turn.</param>
/// <param name="Exceptions">How many exceptions were thrown in it in that time, caught or not.</param>
/// <param name="Token">The token, to see that all hold the same.</param>
internal readonly record struct WorkerReport(long SavedAt, long HeldAt, int Exceptions, string Token)
{
    /// <summary>In place of a token: the user has to sign in.</summary>
    internal const string Rejected = "rejected";

    /// <summary>Gets the processor time of the whole process, from the command to the report.</summary>
    internal TimeSpan Cpu { get; init; }

    internal static WorkerReport Parse(string text)
    {
        string[] parts = text.Split(' ');
        return new(
            long.Parse(parts[0], CultureInfo.InvariantCulture),
            long.Parse(parts[1], CultureInfo.InvariantCulture),
            int.Parse(parts[2], CultureInfo.InvariantCulture),
            parts[3])
        {
            Cpu = TimeSpan.FromTicks(long.Parse(parts[4], CultureInfo.InvariantCulture)),
        };
    }

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{SavedAt} {HeldAt} {Exceptions} {Token} {Cpu.Ticks}");
}
