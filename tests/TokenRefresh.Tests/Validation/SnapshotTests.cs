using FluentAssertions;

namespace TokenRefresh.Tests.Validation;

public sealed class SnapshotTests
{
    [Fact]
    public void What_is_changed_in_the_options_later_has_no_effect()
    {
        var options = new TokenRefreshOptions { ClientId = "first" };
        options.AdditionalParameters["a"] = "1";
        options.AdditionalHeaders["h"] = "1";
        options.Events.Refreshed = static _ => default;

        TokenRefreshOptions snapshot = options.Snapshot();
        options.ClientId = "second";
        options.AdditionalParameters["b"] = "2";
        options.AdditionalHeaders.Clear();
        options.Events.Refreshed = null;

        snapshot.ClientId.Should().Be("first");
        snapshot.AdditionalParameters.Should().Equal(new Dictionary<string, string> { ["a"] = "1" });
        snapshot.AdditionalHeaders.Should().ContainKey("H");
        snapshot.Events.Refreshed.Should().NotBeNull();
    }
}
