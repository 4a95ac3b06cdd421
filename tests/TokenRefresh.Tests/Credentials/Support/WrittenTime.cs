using System.Globalization;

namespace TokenRefresh.Tests.Credentials;

/// <summary>The ways in which programs write a moment.</summary>
internal static class WrittenTime
{
    private static readonly string[] Zones = ["Z", "+00:00", "+05:30", "-08:00", ""];

    /// <summary>Gets each way as two functions: what the file holds, and what is to take its place.</summary>
    public static IReadOnlyList<(Func<DateTimeOffset, string> Stored, Func<DateTimeOffset, string> Next)> Styles { get; } =
    [
        .. from perSecond in new[] { 1, 1_000, 1_000_000, 1_000_000_000 }
           from quote in new[] { "", "\"" }
           from fraction in new[] { "", ".25", "e0" }
           select ((Func<DateTimeOffset, string>, Func<DateTimeOffset, string>))(
               at => quote + Count(at, perSecond) + fraction + quote,
               at => quote + Count(at, perSecond) + quote),
        .. from zone in Zones
           from separator in new[] { 'T', ' ' }
           from digits in new[] { 0, 1, 3, 6, 7, 9 }
           let write = new Func<DateTimeOffset, string>(at => $"\"{Iso(at, separator, digits, zone)}\"")
           select (write, write),
    ];

    /// <summary>Writes a moment where none stood before.</summary>
    public static string New(DateTimeOffset at, CredentialsTimeUnit unit) => unit switch
    {
        CredentialsTimeUnit.Seconds => Count(at, 1),
        CredentialsTimeUnit.Milliseconds => Count(at, 1_000),
        _ => $"\"{Iso(at, 'T', 0, "Z")}\"",
    };

    public static string Iso(DateTimeOffset at, char separator, int digits, string zone)
    {
        var offset = zone.Length > 1 ? TimeSpan.Parse(zone.TrimStart('+'), CultureInfo.InvariantCulture) : TimeSpan.Zero;
        var local = at.UtcDateTime + offset;
        var fraction = (local.Ticks % TimeSpan.TicksPerSecond).ToString("D7", CultureInfo.InvariantCulture).PadRight(9, '0')[..digits];
        return local.ToString($"yyyy-MM-dd'{separator}'HH:mm:ss", CultureInfo.InvariantCulture)
            + (digits > 0 ? "." + fraction : "") + zone;
    }

    private static string Count(DateTimeOffset at, long perSecond) =>
        decimal.Floor((decimal)(at - DateTimeOffset.UnixEpoch).Ticks * perSecond / TimeSpan.TicksPerSecond)
            .ToString(CultureInfo.InvariantCulture);
}
