using System.Globalization;

namespace TokenRefresh.TestKit;

/// <summary>How long a soak lasts and what its storm is drawn from, as the environment says.</summary>
/// <param name="Duration">How long.</param>
/// <param name="Seed">What it is drawn from.</param>
public sealed record SoakSettings(TimeSpan Duration, int Seed)
{
    /// <summary>The variable that holds the minutes; not set where no soak is wanted.</summary>
    public const string MinutesVariable = "TOKENREFRESH_SOAK_MINUTES";

    /// <summary>The variable that holds the seed.</summary>
    public const string SeedVariable = "TOKENREFRESH_SOAK_SEED";

    /// <summary>Reads the switch.</summary>
    /// <returns><see langword="null"/> if it is not set: no soak is wanted.</returns>
    public static SoakSettings? FromEnvironment() =>
        Read(MinutesVariable) is { } minutes
            ? new SoakSettings(
                TimeSpan.FromMinutes(double.Parse(minutes, CultureInfo.InvariantCulture)),
                SeedFromEnvironment())
            : null;

    /// <summary>Reads the seed.</summary>
    /// <returns>It, or a random one if there is none.</returns>
    public static int SeedFromEnvironment() =>
        Read(SeedVariable) is { } seed ? int.Parse(seed, CultureInfo.InvariantCulture) : Random.Shared.Next();

    private static string? Read(string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value ? value : null;
}
