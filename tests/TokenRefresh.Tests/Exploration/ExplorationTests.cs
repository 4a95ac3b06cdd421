using FluentAssertions;

namespace TokenRefresh.Tests.Exploration;

public sealed class ExplorationTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Two_processes_and_one_expiry()
    {
        Walk walk = await Exploring.RunAsync(() => new Explorer(Scenarios.Expired).WalkAll());
        output.WriteLine(walk.Summary);
        walk.Failure.Should().BeNull();
    }
}
