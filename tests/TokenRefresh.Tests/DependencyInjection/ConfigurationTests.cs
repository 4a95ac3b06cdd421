using System.Globalization;
using System.Reflection;
using FluentAssertions;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using TokenRefresh.DependencyInjection;
using TokenRefresh.Tests.Validation;

namespace TokenRefresh.Tests.DependencyInjection;

public sealed class ConfigurationTests
{
    private const string EverySetting = """
        {
          "CredentialsPath": "~/.claude/.credentials.json",
          "FileFormat": "claudecode",
          "LockPath": "/run/lock",
          "CompatibleLocks": "claudecode",
          "Mode": "followIfReadOnly",
          "Grant": "clientcredentials",
          "TokenEndpoint": "https://auth.example.com/token",
          "RevocationEndpoint": "https://auth.example.com/revoke",
          "clientid": "my-cli",
          "ClientSecret": "s",
          "ClientAuthentication": "clientsecretbasic",
          "RequestFormat": "Json",
          "Scope": "a b",
          "AdditionalParameters": { "audience": "x", "Case": "kept" },
          "AdditionalHeaders": { "X-Key": "y" },
          "AllowInsecureHttp": "true",
          "HeaderName": "x-api-key",
          "AuthorizationScheme": "Token",
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
        """;

    private const string EveryMember = """
        { "FileFormat": { "Section": "login", "accessTokenMember": "at", "RefreshTokenMember": "rt", 
          "ExpiresAtMember": "exp", "RefreshTokenExpiresAtMember": "rexp", "ScopesMember": "sc", 
          "TokenTypeMember": "tt", "AccountIdMember": "ai", "IdTokenMember": "it", "DPoPKeyMember": "dk", "TimeUnit": "milliseconds" } }
        """;

    private static readonly string[] OnlyInCode =
        [nameof(TokenRefreshOptions.Events), nameof(TokenRefreshOptions.ClientAssertion), nameof(TokenRefreshOptions.SignIn)];

    [Fact]
    public void Every_setting_can_come_from_configuration()
    {
        var options = Bind(EverySetting);

        options.Should().BeEquivalentTo(new
        {
            CredentialsPath = "~/.claude/.credentials.json",
            LockPath = "/run/lock",
            Grant = TokenGrant.ClientCredentials,
            TokenEndpoint = new Uri("https://auth.example.com/token"),
            Mode = TokenRefreshMode.FollowIfReadOnly,
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
            AuthorizationScheme = "Token",
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
        options.CompatibleLocks.Should().BeSameAs(CompatibleLock.ClaudeCode);
    }

    [Fact]
    public void No_property_of_the_options_was_forgotten()
    {
        var changed = Bind(EverySetting);

        typeof(TokenRefreshOptions)
            .GetProperties()
            .Where(p => !OnlyInCode.Contains(p.Name) && Equals(p.GetValue(changed), p.GetValue(new TokenRefreshOptions())))
            .Should().BeEmpty();
        typeof(CredentialsFileFormat)
            .GetProperties()
            .Where(
                p => p.GetMethod is { IsStatic: false }
                    && Equals(p.GetValue(Bind(EveryMember).FileFormat), p.GetValue(new CredentialsFileFormat())))
            .Should().BeEmpty();
    }

    [Fact]
    public void What_is_not_there_or_an_empty_section_keeps_its_default()
    {
        var options = Bind("""{ "AdditionalParameters": {}, "RefreshTimeout": null, "FileFormat": null }""");

        options.HeaderName.Should().Be(AccessToken.DefaultHeaderName);
        options.RefreshTimeout.Should().Be(new TokenRefreshOptions().RefreshTimeout);
        options.FileFormat.Should().BeSameAs(CredentialsFileFormat.Auto);
        options.AdditionalParameters.Should().BeEmpty();
    }

    [Fact]
    public void A_file_format_can_be_spelt_out()
    {
        var options = Bind(EveryMember);

        options.FileFormat.Should().BeEquivalentTo(new CredentialsFileFormat
        {
            Section = ["login"],
            AccessTokenMember = "at",
            RefreshTokenMember = "rt",
            ExpiresAtMember = "exp",
            RefreshTokenExpiresAtMember = "rexp",
            ScopesMember = "sc",
            TokenTypeMember = "tt",
            AccountIdMember = "ai",
            IdTokenMember = "it",
            DPoPKeyMember = "dk",
            TimeUnit = CredentialsTimeUnit.Milliseconds,
        });
    }

    [Fact]
    public void Locks_of_other_programs_can_be_listed()
    {
        const string Listed = """
            { "CompatibleLocks": [ { "Path": "a.lock", "StaleAfter": "00:02:00", "heartbeatInterval": "00:00:10" },
              { "Path": "auth.lock", "Kind": "file" } ] }
            """;

        Bind(Listed).CompatibleLocks.Should().BeEquivalentTo(
            [
                new CompatibleLock("a.lock") { StaleAfter = TimeSpan.FromMinutes(2), HeartbeatInterval = TimeSpan.FromSeconds(10) },
                new CompatibleLock("auth.lock") { Kind = CompatibleLockKind.File },
            ]);
        Bind("""{ "CompatibleLocks": "Codex" }""").CompatibleLocks.Should().BeSameAs(CompatibleLock.Codex);
        Bind("""{ "CompatibleLocks": [] }""").CompatibleLocks.Should().BeNull();
    }

    [Theory]
    [InlineData("""["mcpOAuth", "issues.v2/tracker|3f1c:a"]""", "mcpOAuth", "issues.v2/tracker|3f1c:a")]
    [InlineData(""" "a.b/c|d:e" """, "a.b/c|d:e")]
    [InlineData("[]")]
    [InlineData("null")]
    public void The_path_to_a_login_is_a_name_or_a_list_of_names_with_any_characters(string json, params string[] path)
    {
        var format = Bind($$"""{ "FileFormat": { "Section": {{json}}, "ScopesMember": "sc" } }""").FileFormat;

        format.Section.Should().Equal(path);
    }

    [Theory]
    [InlineData("""{ "RefreshTimout": "00:00:10" }""", "*'RefreshTimout'*")]
    [InlineData("""{ "CompatibleLocks": [ { "Path": "x", "Stale": "y" } ] }""", "*'Stale'*")]
    [InlineData("""{ "CompatibleLocks": [ { "Paht": "x" } ] }""", "*'TokenRefresh.CompatibleLock'*'path'*")]
    [InlineData("""{ "CompatibleLocks": [ { "Path": "x", "StaleAfter": "y" } ] }""", "*Login:CompatibleLocks:0:StaleAfter*")]
    [InlineData("""{ "FileFormat": { "Member": "x" } }""", "*'Member'*")]
    [InlineData("""{ "Events": { "Refreshed": "x" } }""", "'Login:Events' cannot come from configuration. Set the callbacks in code.")]
    [InlineData("""{ "SignIn": "x" }""", "'Login:SignIn' cannot come from configuration. Set the delegate in code.")]
    [InlineData("""{ "ClientAssertion": "x" }""", "'Login:ClientAssertion' cannot come from configuration. Set the delegate in code.")]
    public void A_key_that_is_no_setting_is_an_error_that_names_it(string json, string failure)
    {
        var bind = () => Bind(json);

        bind.Should().Throw<OptionsValidationException>().Which.Failures.Should().ContainSingle().Which.Should().Match(failure);
    }

    [Theory]
    [InlineData("RefreshTimeout", "soon:ish", "*Login:RefreshTimeout*TimeSpan*")]
    [InlineData("AllowInsecureHttp", "yes", "*Login:AllowInsecureHttp*Boolean*")]
    [InlineData("ClientAuthentication", "jwt", "*Login:ClientAuthentication*ClientAuthentication*")]
    [InlineData("FileFormat:TimeUnit", "days", "*Login:FileFormat:TimeUnit*")]
    [InlineData("CompatibleLocks", "all", "'Login:CompatibleLocks' is 'all'. Use 'ClaudeCode', 'Codex', or a list of locks.")]
    [InlineData("FileFormat", "xml", "'Login:FileFormat' is 'xml'. Use 'Auto', 'ClaudeCode', 'FlatOAuth', 'Codex', 'Google' or 'AwsSso'*")]
    [InlineData("TokenEndpoint", "https://user:secret@:-1?k=hidden", "'Login:TokenEndpoint' is 'https://:-1', which is no address.*")]
    public void A_value_that_cannot_be_read_is_an_error_that_names_its_key(string key, string value, string failure)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new($"Login:{key}", value)]).Build();

        var bind = () => ConfigurationBinding.Bind(configuration.GetSection("Login"), new TokenRefreshOptions(), "");

        bind.Should().Throw<OptionsValidationException>().Which.Failures.Should().ContainSingle().Which.Should().Match(failure);
    }

    [Fact]
    public async Task The_handler_s_options_come_from_configuration_too()
    {
        var sent = new RecordingHandler();
        await using var services = Containers.Build(s =>
        {
            s.AddSingleton<ITokenProvider>(new StaticTokenProvider("token"));
            s.AddHttpClient("api").ConfigurePrimaryHttpMessageHandler(() => sent).AddTokenRefreshHandler(
                Section("""{ "AllowedOrigins": ["https://elsewhere.example.com"], "BufferLimit": 5, "RetryOnUnauthorized": "false" }"""));
        });

        var options = services.GetRequiredService<IOptionsMonitor<BearerTokenHandlerOptions>>().Get("api");
        await services.Client("api").GetAsync(new Uri("https://api.example.com/"));

        options.AllowedOrigins.Should().Equal("https://elsewhere.example.com");
        options.Should().BeEquivalentTo(new { BufferLimit = 5, RetryOnUnauthorized = false });
        sent.Authorizations.Should().Equal("none");
    }

    [Theory]
    [InlineData("""{ "AllowedOrigin": "https://api.example.com" }""", "*'AllowedOrigin'*")]
    [InlineData("""{ "ShouldRefresh": "x" }""", "'Login:ShouldRefresh' cannot come from configuration. Set the predicate in code.")]
    public void A_key_that_is_no_setting_of_the_handler_is_an_error(string json, string failure)
    {
        using var services = Containers.Build(s =>
        {
            s.AddSingleton<ITokenProvider>(new StaticTokenProvider("token"));
            s.AddHttpClient("api").AddTokenRefreshHandler(Section(json));
        });

        var create = services.Invoking(s => s.Client("api"));

        create.Should().Throw<OptionsValidationException>().WithMessage(failure);
    }

    [Theory]
    [InlineData("auto")]
    [InlineData("ClaudeCode")]
    [InlineData("flatOAuth")]
    [InlineData("codex")]
    [InlineData("google")]
    [InlineData("awsSso")]
    public void Every_built_in_format_has_its_name(string name)
    {
        PropertyInfo format = typeof(CredentialsFileFormat).GetProperties(BindingFlags.Static | BindingFlags.Public)
            .Single(p => p.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

        Bind($$"""{ "FileFormat": "{{name}}" }""").FileFormat.Should().BeSameAs(format.GetValue(null));
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
        new ConfigurationBuilder()
            .AddJsonStream(new MemoryStream(System.Text.Encoding.UTF8.GetBytes($$"""{ "Login": {{json}} }""")))
            .Build()
            .GetSection("Login");
}
