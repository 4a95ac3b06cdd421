namespace TokenRefresh.Benchmarks.Reporting;

/// <summary>What a figure should be, and what it is.</summary>
/// <param name="What">The figure.</param>
/// <param name="Limit">At most.</param>
/// <param name="Measured">What came out.</param>
/// <param name="Unit">Of both.</param>
internal sealed record Target(string What, double Limit, double Measured, string Unit)
{
    internal bool IsMet => Measured <= Limit;

    internal string Verdict => IsMet ? "met" : Limit == 0 ? "missed" : $"missed by {Figure.Of((Measured / Limit - 1) * 100)} %";
}
