namespace TokenRefresh.Tests.Exploration;

/// <summary>One thing that can happen next.</summary>
/// <param name="Who">The subject of the sentence.</param>
/// <param name="What">The rest of it. In two parts, since hardly any step is ever printed.</param>
/// <param name="Take">Does it, up to the next scheduling point.</param>
/// <param name="IsOptional">Whether it need not happen: a crash, a lost answer, another program. Time does not wait for it.</param>
internal readonly record struct Step(string Who, string What, Action Take, bool IsOptional = false)
{
    public override string ToString() => $"{Who} {What}";
}
