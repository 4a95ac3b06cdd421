using TokenRefresh.Tests.Exploration.Model;

namespace TokenRefresh.Tests.Exploration;

/// <summary>What is walked.</summary>
internal static class Scenarios
{
    internal static readonly TimeSpan Window = TimeSpan.FromHours(1);

    private static readonly TimeSpan Life = ModelServer.AccessTokenLifetime;

    internal static Scenario Expired { get; } = new("expired") { Processes = [[Fly], [Fly]], Requests = 1 };

    private static Task Fly(ModelProvider provider) => provider.FlyAsync();
}
