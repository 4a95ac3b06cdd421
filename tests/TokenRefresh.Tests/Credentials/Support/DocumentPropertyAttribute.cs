using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using FsCheck.Xunit;

namespace TokenRefresh.Tests.Credentials;

/// <summary>A test of what must hold for any document. It meets the same ones in each run, unless the environment says otherwise.</summary>
/// <remarks>
/// <c>TOKENREFRESH_PROPERTY_CASES</c> is their number, <c>TOKENREFRESH_PROPERTY_SEED</c> what they are drawn from: two numbers, the second
/// odd, as a failure prints them.
/// </remarks>
[AttributeUsage(AttributeTargets.Method)]
[SuppressMessage("Extensibility", "xUnit3003", Justification = "FsCheck's attribute does not take the place in the source file.")]
public sealed class DocumentPropertyAttribute : PropertyAttribute
{
    /// <summary>Creates the attribute.</summary>
    public DocumentPropertyAttribute()
    {
        Arbitrary = [typeof(Documents)];
        MaxTest = int.Parse(Environment.GetEnvironmentVariable("TOKENREFRESH_PROPERTY_CASES") ?? "150", CultureInfo.InvariantCulture);
        Replay = Environment.GetEnvironmentVariable("TOKENREFRESH_PROPERTY_SEED") ?? "(20261127,1)";
    }
}
