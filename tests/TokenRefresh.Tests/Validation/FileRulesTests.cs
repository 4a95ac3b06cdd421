using FluentAssertions;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Validation;

public sealed class FileRulesTests
{
    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("  ")]
    public void A_missing_path_is_refused_and_named(string? path)
    {
        var check = SomeOptions.Checking(SomeOptions.Valid(o => o.CredentialsPath = path));

        check.Should().Throw<TokenRefreshConfigurationException>()
            .WithMessage("'CredentialsPath' is not set. Set it to the credentials file*or supply a store of your own.");
    }

    [Fact]
    public void No_path_is_needed_with_a_store_of_one_s_own()
    {
        var services = new CoordinatedTokenProviderServices { CredentialsStore = new UnusedStore() };

        var check = SomeOptions.Checking(SomeOptions.Valid(o => o.CredentialsPath = null), services);

        check.Should().NotThrow();
    }

    [Theory]
    [InlineData("/tmp/a\nb", "/tmp/a?b")]
    [InlineData("/tmp/a\0b", "/tmp/a?b")]
    [InlineData("/tmp/a\u0085b", "/tmp/a?b")]
    public void A_control_character_in_a_path_is_refused_and_not_repeated(string path, string shown)
    {
        var credentials = SomeOptions.Checking(SomeOptions.Valid(o => o.CredentialsPath = path));
        var @lock = SomeOptions.Checking(SomeOptions.Valid(o => o.LockPath = path));

        credentials.Should().Throw<TokenRefreshConfigurationException>()
            .Which.Message.Should().StartWith($"'CredentialsPath' holds a control character (shown as '?') in '{shown}'.");
        credentials.Should().Throw<TokenRefreshConfigurationException>().Which.Message.Should().NotContainAny("\n", "\0", "\u0085");
        @lock.Should().Throw<TokenRefreshConfigurationException>().WithMessage("'LockPath' holds a control character*");
    }

    [Theory]
    [InlineData("/home/someone/.claude/")]
    [InlineData("~/")]
    public void A_path_that_can_only_be_a_directory_is_refused(string path)
    {
        var check = SomeOptions.Checking(SomeOptions.Valid(o => o.CredentialsPath = path));

        check.Should().Throw<TokenRefreshConfigurationException>()
            .WithMessage($"'CredentialsPath' is '{path}', which names a directory. Set it to a file in there.");
    }

    [Fact]
    public void Another_user_s_home_is_refused_with_the_setting_s_name()
    {
        var check = SomeOptions.Checking(SomeOptions.Valid(o => o.CredentialsPath = "~bob/.credentials.json"));

        check.Should().Throw<TokenRefreshConfigurationException>()
            .WithMessage("'CredentialsPath' cannot be resolved. The path '~bob/.credentials.json'*");
    }

    [Fact]
    [FailureMode("F23")]
    public void The_credentials_file_itself_cannot_be_the_lock_however_it_is_written()
    {
        var options = SomeOptions.Valid(
            o => o.LockPath = Path.Combine(Path.GetDirectoryName(o.CredentialsPath)!, "x", "..", ".credentials.json"));

        var check = SomeOptions.Checking(options);

        check.Should().Throw<TokenRefreshConfigurationException>().WithMessage("'LockPath' is '*', the same file as 'CredentialsPath'.*");
    }

    [Fact]
    public void A_lock_path_of_its_own_is_accepted_and_an_empty_one_refused()
    {
        SomeOptions.Checking(SomeOptions.Valid(o => o.LockPath = o.CredentialsPath + ".mylock")).Should().NotThrow();
        SomeOptions.Checking(SomeOptions.Valid(o => o.LockPath = " "))
            .Should().Throw<TokenRefreshConfigurationException>()
            .WithMessage("'LockPath' is empty.*");
    }

    [Fact]
    public void The_built_in_formats_are_valid()
    {
        CredentialsFileFormat[] formats =
        [
            CredentialsFileFormat.Auto, CredentialsFileFormat.ClaudeCode, CredentialsFileFormat.FlatOAuth, CredentialsFileFormat.Codex,
            CredentialsFileFormat.Google, CredentialsFileFormat.AwsSso,
        ];
        foreach (var format in formats)
        {
            SomeOptions.Checking(SomeOptions.Valid(o => o.FileFormat = format)).Should().NotThrow();
        }
    }

    [Fact]
    public void A_format_without_a_needed_name_or_with_the_same_name_twice_is_refused()
    {
        var options = SomeOptions.Valid(o => o.FileFormat = new CredentialsFileFormat
        {
            Section = ["mcpOAuth", ""],
            AccessTokenMember = "token",
            RefreshTokenMember = "token",
            ExpiresAtMember = "",
            ScopesMember = "",
            IdTokenMember = "token",
            TimeUnit = (CredentialsTimeUnit)7,
        });

        var check = SomeOptions.Checking(options);

        var message = check.Should().Throw<TokenRefreshConfigurationException>().Which.Message;
        message.Should().Contain("'FileFormat.RefreshTokenMember' is 'token', as is 'FileFormat.AccessTokenMember'");
        message.Should().Contain("'FileFormat.ExpiresAtMember' is empty. Name the member, or set it to null");
        message.Should().Contain("'FileFormat.IdTokenMember' is 'token', as is 'FileFormat.AccessTokenMember'");
        message.Should().Contain("'FileFormat.ScopesMember' is empty. Name the member, or set it to null");
        message.Should().Contain("'FileFormat.Section' holds an empty name.");
        message.Should().Contain("'FileFormat.TimeUnit' is '7'. Set it to one of 'Seconds', 'Milliseconds', 'Iso8601'.");
    }

    [Fact]
    public void A_format_that_is_null_is_refused()
    {
        var check = SomeOptions.Checking(SomeOptions.Valid(o => o.FileFormat = null!));

        check.Should().Throw<TokenRefreshConfigurationException>().WithMessage("'FileFormat' is null.*");
    }
}
