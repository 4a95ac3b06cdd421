using System.Globalization;

namespace TokenRefresh.ProcessTests.Soak;

/// <summary>How long a soak lasts and what its storm is drawn from, as the environment says.</summary>
internal sealed record SoakSettings(TimeSpan Duration, int Seed)
{
    internal const string MinutesVariable = "TOKENREFRESH_SOAK_MINUTES";
    internal const string SeedVariable = "TOKENREFRESH_SOAK_SEED";

    /// <summary>Reads the switch.</summary>
    /// <returns><see langword="null"/> if it is not set: no soak is wanted.</returns>
    internal static SoakSettings? FromEnvironment() =>
        Read(MinutesVariable) is { } minutes
            ? new SoakSettings(
                TimeSpan.FromMinutes(double.Parse(minutes, CultureInfo.InvariantCulture)),
                SeedFromEnvironment())
            : null;

    /// <summary>Reads the seed; a random one if there is none.</summary>
    internal static int SeedFromEnvironment() =>
        Read(SeedVariable) is { } seed ? int.Parse(seed, CultureInfo.InvariantCulture) : Random.Shared.Next();

    private static string? Read(string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value ? value : null;
}
