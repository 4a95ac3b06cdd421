namespace TokenRefresh.Tests.Exploration;

/// <summary>What is walked: it has a name, by which a schedule refers to it, and a beginning.</summary>
internal interface IScenario
{
    string Name { get; }

    IWorld Begin();
}

/// <summary>One moment of a scenario: everything on which the future depends.</summary>
internal interface IWorld
{
    /// <summary>Gets what can happen now; nothing at the end.</summary>
    IReadOnlyList<Step> Steps { get; }

    /// <summary>Gets the rule that was broken, and how.</summary>
    string? Broken { get; }

    void Take(Step step);

    /// <summary>Looks at what is left when nothing can happen any more.</summary>
    void End();

    UInt128 Key();

    /// <summary>Copies the world, or returns <see langword="null"/> if it can only be walked to from the beginning.</summary>
    IWorld? Fork();
}
