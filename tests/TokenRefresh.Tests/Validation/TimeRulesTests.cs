using FluentAssertions;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Validation;

public sealed class TimeRulesTests
{
    private static readonly Dictionary<string, Action<TokenRefreshOptions, TimeSpan>> Setters = new(StringComparer.Ordinal)
    {
        ["RefreshBeforeExpiration"] = (o, value) => o.RefreshBeforeExpiration = value,
        ["ExpirationSkew"] = (o, value) => o.ExpirationSkew = value,
        ["RefreshTimeout"] = (o, value) => o.RefreshTimeout = value,
        ["AttemptTimeout"] = (o, value) => o.AttemptTimeout = value,
        ["SaveTimeout"] = (o, value) => o.SaveTimeout = value,
        ["LockTimeout"] = (o, value) => o.LockTimeout = value,
        ["RefreshTokenReuseWindow"] = (o, value) => o.RefreshTokenReuseWindow = value,
    };

    [Fact]
    public void The_defaults_hold_together() => SomeOptions.Checking(SomeOptions.Valid()).Should().NotThrow();

    [Theory]
    [InlineData("RefreshBeforeExpiration", "-00:00:00.0010000")]
    [InlineData("RefreshBeforeExpiration", "7.00:00:00.0000001")]
    [InlineData("ExpirationSkew", "-00:00:01")]
    [InlineData("ExpirationSkew", "00:10:00.0000001")]
    [InlineData("RefreshTimeout", "00:00:00.9990000")]
    [InlineData("RefreshTimeout", "00:10:00.0000001")]
    [InlineData("AttemptTimeout", "00:00:00.0990000")]
    [InlineData("SaveTimeout", "00:00:00.0990000")]
    [InlineData("SaveTimeout", "00:01:00.0000001")]
    [InlineData("LockTimeout", "-00:00:00.0010000")]
    [InlineData("LockTimeout", "01:00:00.0000001")]
    [InlineData("RefreshTokenReuseWindow", "-00:00:01")]
    [InlineData("RefreshTokenReuseWindow", "01:00:00.0000001")]
    [InlineData("LockTimeout", "10675199.02:48:05.4775807")]
    [InlineData("RefreshTimeout", "10675199.02:48:05.4775807")]
    public void A_time_outside_its_range_is_refused_with_its_value_and_the_range(string setting, string value)
    {
        var options = SomeOptions.Valid(o => Setters[setting](o, TimeSpan.Parse(value, null)));

        var check = SomeOptions.Checking(options);

        check.Should().Throw<TokenRefreshConfigurationException>()
            .WithMessage($"*'{setting}' is '{value}'. Set it to a time from '*' to '*'.*");
    }

    [Theory]
    [InlineData("RefreshBeforeExpiration", "00:00:00")]
    [InlineData("RefreshBeforeExpiration", "7.00:00:00")]
    [InlineData("ExpirationSkew", "00:00:00")]
    [InlineData("RefreshTimeout", "00:00:24.9999999")]
    [InlineData("AttemptTimeout", "00:00:00.1")]
    [InlineData("AttemptTimeout", "00:00:20")]
    [InlineData("SaveTimeout", "00:00:00.1")]
    [InlineData("SaveTimeout", "00:00:09.9999999")]
    [InlineData("LockTimeout", "01:00:00")]
    [InlineData("RefreshTokenReuseWindow", "00:00:00")]
    [InlineData("RefreshTokenReuseWindow", "01:00:00")]
    [InlineData("LockTimeout", "00:00:25.0000001")]
    public void A_time_at_the_edge_of_its_range_is_accepted(string setting, string value)
    {
        var options = SomeOptions.Valid(o => Setters[setting](o, TimeSpan.Parse(value, null)));

        var check = SomeOptions.Checking(options);

        check.Should().NotThrow();
    }

    [Fact]
    [FailureMode("F20")]
    public void A_lock_wait_that_is_not_longer_than_refresh_and_save_together_is_refused()
    {
        var options = SomeOptions.Valid(o => o.LockTimeout = o.RefreshTimeout + o.SaveTimeout);

        var check = SomeOptions.Checking(options);

        check.Should().Throw<TokenRefreshConfigurationException>()
            .WithMessage(
                "'LockTimeout' is '00:00:25', not more than 'RefreshTimeout' and 'SaveTimeout' together ('00:00:25')*Raise 'LockTimeout', "
                + "or lower 'RefreshTimeout' or 'SaveTimeout'.");
    }

    [Fact]
    public void A_provider_that_only_follows_may_wait_for_less()
    {
        var options = SomeOptions.Valid(o => (o.Mode, o.LockTimeout) = (TokenRefreshMode.Follow, TimeSpan.FromMilliseconds(1)));

        var check = SomeOptions.Checking(options);

        check.Should().NotThrow();
    }

    [Fact]
    [FailureMode("F20")]
    public void An_attempt_longer_than_the_whole_refresh_is_refused()
    {
        var options = SomeOptions.Valid(o => o.AttemptTimeout = TimeSpan.FromSeconds(21));

        var check = SomeOptions.Checking(options);

        check.Should().Throw<TokenRefreshConfigurationException>()
            .WithMessage(
                "'AttemptTimeout' is '00:00:21', more than 'RefreshTimeout' ('00:00:20')*Lower 'AttemptTimeout' or raise "
                + "'RefreshTimeout'.");
    }

    [Theory]
    [InlineData(10)]
    [InlineData(5)]
    public void A_background_margin_within_the_skew_is_refused_because_it_would_never_be_used(int seconds)
    {
        var options = SomeOptions.Valid(o => o.RefreshBeforeExpiration = TimeSpan.FromSeconds(seconds));

        var check = SomeOptions.Checking(options);

        check.Should().Throw<TokenRefreshConfigurationException>()
            .WithMessage($"'RefreshBeforeExpiration' is '00:00:{seconds:00}', not more than 'ExpirationSkew' ('00:00:10')*");
    }
}
