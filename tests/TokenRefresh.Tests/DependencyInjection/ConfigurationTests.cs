using System.Globalization;
using FluentAssertions;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using TokenRefresh.DependencyInjection;
using TokenRefresh.Tests.Validation;

namespace TokenRefresh.Tests.DependencyInjection;

public sealed class ConfigurationTests
{
    [Fact]
    public void Every_setting_can_come_from_configuration()
    {
        var options = Bind("""
            {
              "CredentialsPath": "~/.claude/.credentials.json",
              "FileFormat": "claudecode",
              "LockPath": "/run/lock",
              "TokenEndpoint": "https://auth.example.com/token",
              "RevocationEndpoint": "https://auth.example.com/revoke",
              "clientid": "my-cli",
              "ClientSecret": "s",
              "ClientAuthentication": "client_secret_basic",
              "RequestFormat": "Json",
              "Scope": "a b",
              "AdditionalParameters": { "audience": "x", "Case": "kept" },
              "AdditionalHeaders": { "X-Key": "y" },
              "AllowInsecureHttp": "true",
              "HeaderName": "x-api-key",
              "RefreshBeforeExpiration": "00:10:00",
              "ExpirationSkew": "00:00:20",
              "RefreshTimeout": "00:00:21",
              "AttemptTimeout": "00:00:16.5",
              "SaveTimeout": "00:00:06",
              "LockTimeout": "00:01:00",
              "RefreshTokenReuseWindow": "00:00:30",
              "AllowUnreliableLock": "True",
              "HandleProcessSignals": "false"
            }
            """);

        options.Should().BeEquivalentTo(new
        {
            CredentialsPath = "~/.claude/.credentials.json",
            LockPath = "/run/lock",
            TokenEndpoint = new Uri("https://auth.example.com/token"),
            RevocationEndpoint = new Uri("https://auth.example.com/revoke"),
            ClientId = "my-cli",
            ClientSecret = "s",
            ClientAuthentication = ClientAuthentication.ClientSecretBasic,
            RequestFormat = TokenRequestFormat.Json,
            Scope = "a b",
            AdditionalParameters = new Dictionary<string, string>(StringComparer.Ordinal) { ["audience"] = "x", ["Case"] = "kept" },
            AdditionalHeaders = new Dictionary<string, string>(StringComparer.Ordinal) { ["X-Key"] = "y" },
            AllowInsecureHttp = true,
            HeaderName = "x-api-key",
            RefreshBeforeExpiration = TimeSpan.FromMinutes(10),
            ExpirationSkew = TimeSpan.FromSeconds(20),
            RefreshTimeout = TimeSpan.FromSeconds(21),
            AttemptTimeout = TimeSpan.FromSeconds(16.5),
            SaveTimeout = TimeSpan.FromSeconds(6),
            LockTimeout = TimeSpan.FromMinutes(1),
            RefreshTokenReuseWindow = TimeSpan.FromSeconds(30),
            AllowUnreliableLock = true,
            HandleProcessSignals = false,
        });
        options.FileFormat.Should().BeSameAs(CredentialsFileFormat.ClaudeCode);
    }

    [Fact]
    public void No_property_of_the_options_was_forgotten()
    {
        var settings = typeof(TokenRefreshOptions).GetProperties().Select(p => p.Name).Where(name => name != nameof(TokenRefreshOptions.Events));

        ConfigurationBinding.Keys.Should().BeEquivalentTo(settings);
    }

    [Fact]
    public void What_is_not_there_or_null_or_an_empty_section_keeps_its_default()
    {
        var options = Bind("""{ "HeaderName": null, "AdditionalParameters": {}, "RefreshTimeout": null, "FileFormat": null }""");

        options.HeaderName.Should().Be(AccessToken.DefaultHeaderName);
        options.RefreshTimeout.Should().Be(new TokenRefreshOptions().RefreshTimeout);
        options.FileFormat.Should().BeSameAs(CredentialsFileFormat.Auto);
        options.AdditionalParameters.Should().BeEmpty();
    }

    [Fact]
    public void A_file_format_can_be_spelt_out()
    {
        var options = Bind("""{ "FileFormat": { "Section": "login", "accessTokenMember": "at", "RefreshTokenMember": "rt", "ExpiresAtMember": "exp", "RefreshTokenExpiresAtMember": "rexp", "ScopesMember": "sc", "TokenTypeMember": "tt", "AccountIdMember": "ai", "TimeUnit": "milliseconds" } }""");

        options.FileFormat.Should().BeEquivalentTo(new CredentialsFileFormat
        {
            Section = "login",
            AccessTokenMember = "at",
            RefreshTokenMember = "rt",
            ExpiresAtMember = "exp",
            RefreshTokenExpiresAtMember = "rexp",
            ScopesMember = "sc",
            TokenTypeMember = "tt",
            AccountIdMember = "ai",
            TimeUnit = CredentialsTimeUnit.Milliseconds,
        });
    }

    [Fact]
    public void A_key_that_is_no_setting_is_an_error_that_names_it_with_its_section()
    {
        var bind = () => Bind("""{ "RefreshTimout": "00:00:10", "Events": { "Refreshed": "x" }, "FileFormat": { "Member": "x" } }""");

        bind.Should().Throw<OptionsValidationException>().Which.Failures.Should().BeEquivalentTo(
        [
            "'Login:RefreshTimout' is no setting of token refresh. Remove it, or use one of *'RefreshTimeout'*.",
            "'Login:Events' cannot come from configuration. Set the callbacks in code.",
            "'Login:FileFormat:Member' is no part of a file format. Use one of 'Section', 'AccessTokenMember'*.",
        ], c => c.Using<string>(x => x.Subject.Should().Match(x.Expectation)).WhenTypeIs<string>());
    }

    [Theory]
    [InlineData("RefreshTimeout", "30", "'Login:RefreshTimeout' is '30'. Write the time as 'hh:mm:ss', such as '00:00:30' for 30 seconds.")]
    [InlineData("RefreshTimeout", "soon:ish", "'Login:RefreshTimeout' is 'soon:ish'. Write the time*")]
    [InlineData("AllowInsecureHttp", "yes", "'Login:AllowInsecureHttp' is 'yes'. Write 'true' or 'false'.")]
    [InlineData("ClientAuthentication", "jwt", "'Login:ClientAuthentication' is 'jwt'. Use one of 'None', 'ClientSecretBasic', 'ClientSecretPost'.")]
    [InlineData("ClientAuthentication", "1", "'Login:ClientAuthentication' is '1'. Use one of*")]
    [InlineData("FileFormat", "xml", "'Login:FileFormat' is 'xml'. Use 'Auto', 'ClaudeCode' or 'FlatOAuth'*")]
    [InlineData("TokenEndpoint", "https://user:secret@:-1?k=hidden", "'Login:TokenEndpoint' is 'https://:-1', which is no address.*")]
    [InlineData("AdditionalHeaders", "X-Key: y", "'Login:AdditionalHeaders' is a single value. Make it a section of names and values.")]
    [InlineData("ClientId:Value", "x", "'Login:ClientId' is a section. Give it one value.")]
    public void A_value_that_cannot_be_read_is_an_error_that_shows_it_and_the_form(string key, string value, string failure)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new($"Login:{key}", value)]).Build();

        var bind = () => ConfigurationBinding.Bind(configuration.GetSection("Login"), new TokenRefreshOptions(), "");

        bind.Should().Throw<OptionsValidationException>().Which.Failures.Should().ContainSingle().Which.Should().Match(failure);
    }

    [Fact]
    public void Times_are_read_alike_in_every_culture()
    {
        var culture = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo("fr-FR");

            Bind("""{ "AttemptTimeout": "00:00:01.5" }""").AttemptTimeout.Should().Be(TimeSpan.FromSeconds(1.5));
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
        }
    }

    [Fact]
    public void A_section_registers_a_login_and_code_after_it_wins()
    {
        using var services = Containers.Build(s =>
        {
            s.AddTokenRefresh("claude", Section("""{ "ClientId": "from configuration", "Scope": "from configuration" }"""));
            s.AddTokenRefresh("claude", o =>
            {
                SomeOptions.MakeValid(o);
                o.ClientId = "from code";
            });
        });

        var options = services.GetRequiredService<IOptionsMonitor<TokenRefreshOptions>>().Get("claude");

        options.ClientId.Should().Be("from code");
        options.Scope.Should().Be("from configuration");
        services.GetRequiredKeyedService<ITokenProvider>("claude").Should().NotBeNull();
    }

    private static TokenRefreshOptions Bind(string json)
    {
        var options = new TokenRefreshOptions();
        ConfigurationBinding.Bind(Section(json), options, "");
        return options;
    }

    private static IConfigurationSection Section(string json) =>
        new ConfigurationBuilder().AddJsonStream(new MemoryStream(System.Text.Encoding.UTF8.GetBytes($$"""{ "Login": {{json}} }"""))).Build().GetSection("Login");
}
