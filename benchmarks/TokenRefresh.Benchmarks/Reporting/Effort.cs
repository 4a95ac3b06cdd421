namespace TokenRefresh.Benchmarks.Reporting;

/// <summary>How much of a question is asked.</summary>
internal enum Effort
{
    /// <summary>Only what the figures with a target need, in few rounds.</summary>
    Figures,

    /// <summary>All but the slowest rows, in few rounds: to see that it runs, and roughly what comes out.</summary>
    Quick,

    /// <summary>All, in as many rounds as the committed tables have.</summary>
    Whole,
}
