using Xunit.v3;

namespace TokenRefresh.TestKit;

/// <summary>Names the rows of <c>docs/failure-modes.md</c> that a test covers.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
internal sealed class FailureModeAttribute(params string[] rows) : Attribute, ITraitAttribute
{
    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits() =>
        [.. rows.Select(row => new KeyValuePair<string, string>("FailureMode", row))];
}
