using FluentAssertions;
using TokenRefresh.Tool.Storage;

namespace TokenRefresh.Tool.Tests;

public sealed class ConfigurationTests : IDisposable
{
    private static readonly string[] Postgres =
        ["--store", "postgres", "--token-endpoint", "https://a.example/t", "--client-id", "x"];

    private readonly TempDirectory _directory = new();
    private readonly TestHost _host = new();

    private string File => Path.Combine(_directory.Path, "config.json");

    [Fact]
    public void An_option_counts_before_a_variable_and_that_before_the_file()
    {
        Write("""{ "profiles": { "work": { "credentialsPath": "/file", "clientId": "file", "clientSecret": "file" } } }""");
        _host.Variables["TOKEN_REFRESH_CREDENTIALS"] = "/variable";
        _host.Variables["TOKEN_REFRESH_CLIENT_ID"] = "variable";
        _host.Variables["TOKEN_REFRESH_CLIENT_SECRET"] = "variable";

        TokenRefreshOptions options = Read(("--credentials", "/option")).Options();

        options.CredentialsPath.Should().Be("/option");
        options.ClientId.Should().Be("variable");
        options.ClientSecret.Should().Be("variable");
    }

    [Theory]
    [InlineData("""{ "profiles": { "only": {} } }""", null, null, "only")]
    [InlineData("""{ "profiles": { "a": {}, "b": {} }, "defaultProfile": "b" }""", null, null, "b")]
    [InlineData("""{ "profiles": { "a": {}, "b": {} }, "defaultProfile": "b" }""", null, "a", "a")]
    [InlineData("""{ "profiles": { "a": {}, "b": {} } }""", "b", "a", "b")]
    [InlineData("{}", null, null, "default")]
    public void The_profile_is_the_one_that_is_named_or_the_only_one(string json, string? option, string? variable, string expected)
    {
        Write(json);
        _host.Variables["TOKEN_REFRESH_PROFILE"] = variable ?? "";

        Profile profile = option is null ? Read() : Read(("--profile", option));

        profile.Name.Should().Be(expected);
    }

    [Fact]
    public void Every_member_of_a_profile_is_an_option_of_the_library_or_of_the_sign_in()
    {
        Write(
            """
            { "profiles": { "work": {
              "credentialsPath": "/a", "lockPath": "/b",
              "tokenEndpoint": "https://c.example/t", "revocationEndpoint": "https://c.example/r",
              "clientId": "d", "clientSecret": "e", "clientAuthentication": "clientSecretPost", "requestFormat": "json", "scope": "f",
              "headerName": "x-g", "authorizationScheme": "H", "allowInsecureHttp": true, "allowUnreliableLock": true,
              "refreshBeforeExpiration": "00:10:00", "expirationSkew": "00:00:11", "refreshTimeout": "00:00:12",
              "attemptTimeout": "00:00:09", "saveTimeout": "00:00:04", "lockTimeout": "00:01:00", "refreshTokenReuseWindow": "00:00:13",
              "additionalParameters": { "audience": "i" }, "additionalHeaders": { "X-J": "k" },
              "compatibleLocks": [ { "path": "p.lock", "kind": "file", "staleAfter": "00:02:00", "heartbeatInterval": "00:00:07" } ],
              "mode": "followIfReadOnly", "grant": "refreshToken",
              "fileFormat": { "section": [ "l", "n" ], "accessTokenMember": "m", "timeUnit": "milliseconds" },
              "issuer": "https://n.example", "authorizationEndpoint": "https://n.example/a",
              "deviceAuthorizationEndpoint": "https://n.example/d", "signInScope": "o", "redirectUri": "http://127.0.0.1:1/p"
            } } }
            """);

        Profile profile = Read();

        profile.Options().Should().BeEquivalentTo(new
        {
            CredentialsPath = "/a",
            LockPath = "/b",
            TokenEndpoint = new Uri("https://c.example/t"),
            RevocationEndpoint = new Uri("https://c.example/r"),
            ClientId = "d",
            ClientSecret = "e",
            ClientAuthentication = ClientAuthentication.ClientSecretPost,
            RequestFormat = TokenRequestFormat.Json,
            Scope = "f",
            HeaderName = "x-g",
            AuthorizationScheme = "H",
            AllowInsecureHttp = true,
            AllowUnreliableLock = true,
            RefreshBeforeExpiration = TimeSpan.FromMinutes(10),
            ExpirationSkew = TimeSpan.FromSeconds(11),
            RefreshTimeout = TimeSpan.FromSeconds(12),
            AttemptTimeout = TimeSpan.FromSeconds(9),
            SaveTimeout = TimeSpan.FromSeconds(4),
            LockTimeout = TimeSpan.FromMinutes(1),
            RefreshTokenReuseWindow = TimeSpan.FromSeconds(13),
            AdditionalParameters = new Dictionary<string, string> { ["audience"] = "i" },
            AdditionalHeaders = new Dictionary<string, string> { ["X-J"] = "k" },
            CompatibleLocks = new[]
            {
                new CompatibleLock("p.lock")
                {
                    Kind = CompatibleLockKind.File,
                    StaleAfter = TimeSpan.FromMinutes(2),
                    HeartbeatInterval = TimeSpan.FromSeconds(7),
                },
            },
            Mode = TokenRefreshMode.FollowIfReadOnly,
            FileFormat = new
            {
                Section = new List<string> { "l", "n" },
                AccessTokenMember = "m",
                TimeUnit = CredentialsTimeUnit.Milliseconds,
            },
        });
        profile.SignIn.Should().BeEquivalentTo(new SignInSettings
        {
            Issuer = new Uri("https://n.example"),
            AuthorizationEndpoint = new Uri("https://n.example/a"),
            DeviceAuthorizationEndpoint = new Uri("https://n.example/d"),
            Scope = "o",
            RedirectUri = new Uri("http://127.0.0.1:1/p"),
        });
    }

    [Theory]
    [InlineData("{ \"profiles\": {\n  nonsense", "line 2")]
    [InlineData("[]", "must hold an object")]
    [InlineData("""{ "profile": {} }""", "'profile'")]
    [InlineData("""{ "profiles": { "a": 1 } }""", "must be an object of named profiles")]
    [InlineData("""{ "profiles": { "a": {}, "b": {} } }""", "'a', 'b'")]
    [InlineData("""{ "profiles": { "a": {} }, "defaultProfile": "c" }""", "no profile 'c'")]
    [InlineData("""{ "profiles": { "a": {} }, "defaultProfile": 1 }""", "must be the name of a profile")]
    [InlineData("""{ "profiles": { "a": { "credentialPath": "/a" } } }""", "'credentialPath' is no option")]
    [InlineData("""{ "profiles": { "a": { "credentialsPath": 1 } } }""", "'credentialsPath' must be a string")]
    [InlineData("""{ "profiles": { "a": { "tokenEndpoint": "auth" } } }""", "'tokenEndpoint' must be an address in full")]
    [InlineData("""{ "profiles": { "a": { "clientAuthentication": "1" } } }""", "'ClientSecretBasic'")]
    [InlineData("""{ "profiles": { "a": { "mode": "Follow, Refresh" } } }""", "must be one of")]
    [InlineData("""{ "profiles": { "a": { "clientId": "\ud800" } } }""", "half a character")]
    [InlineData("""{ "profiles": { "\ud800": {} } }""", "half a character")]
    [InlineData("""{ "profiles": { "a": { "\ud800": 1 } } }""", "half a character")]
    [InlineData("""{ "profiles": { "a": {} }, "defaultProfile": "\ud800" }""", "half a character")]
    [InlineData("""{ "profiles": { "a": { "allowInsecureHttp": "yes" } } }""", "must be true or false")]
    [InlineData("""{ "profiles": { "a": { "lockTimeout": "soon" } } }""", "'00:00:30'")]
    [InlineData("""{ "profiles": { "a": { "additionalHeaders": { "a": 1 } } } }""", "members are strings")]
    [InlineData("""{ "profiles": { "a": { "compatibleLocks": "npm" } } }""", "'ClaudeCode'")]
    [InlineData("""{ "profiles": { "a": { "compatibleLocks": [ { "kind": "file" } ] } } }""", "without 'path'")]
    [InlineData("""{ "profiles": { "a": { "compatibleLocks": [ { "pfad": "x" } ] } } }""", "'pfad' is not known")]
    [InlineData("""{ "profiles": { "a": { "fileFormat": "xml" } } }""", "'FlatOAuth'")]
    [InlineData("""{ "profiles": { "a": { "fileFormat": { "sections": "x" } } } }""", "'sections'")]
    public async Task A_wrong_file_is_an_error_that_names_the_place(string json, string expected)
    {
        Write(json);

        int code = await _host.RunAsync("status", "--config", File);

        code.Should().Be(ExitCode.Usage);
        _host.Errors.Should().Contain(expected).And.Contain(File).And.NotContain("   at ");
    }

    [Theory]
    [InlineData("--config", "/nonexistent.json", "There is no file '/nonexistent.json'")]
    [InlineData("--profile", "work", "There is no profile 'work'")]
    [InlineData("--token-endpoint", "auth", "'--token-endpoint' is 'auth'")]
    [InlineData("--client-id", "x", "'--credentials' is not set")]
    [InlineData("--nonsense", "x", "--nonsense")]
    public async Task A_wrong_or_missing_option_is_an_error_that_names_it(string option, string value, string expected)
    {
        int code = await _host.RunAsync("status", option, value);

        code.Should().Be(ExitCode.Usage);
        _host.Errors.Should().Contain(expected);
    }

    [Fact]
    public async Task Where_nothing_is_configured_the_file_that_is_missing_is_named()
    {
        int code = await _host.RunAsync("status");

        code.Should().Be(ExitCode.Usage);
        _host.Errors.Should().Contain("No login is configured: there is no '/nonexistent/token-refresh/config.json'.")
            .And.Contain("'--credentials', '--token-endpoint' and '--client-id'");
    }

    [Theory]
    [InlineData("keychainStateDirectory")]
    [InlineData("postgresConnectionFile")]
    [InlineData("postgresKeyRing")]
    public async Task An_empty_path_is_an_error_that_names_its_member(string member)
    {
        Write($$"""{ "profiles": { "a": { "{{member}}": "" } } }""");

        int code = await _host.RunAsync("status", "--config", File);

        code.Should().Be(ExitCode.Usage);
        _host.Errors.Should().Contain($"'{member}' must be a path");
    }

    [Theory]
    [InlineData("", "is empty. Write the connection string into it.")]
    [InlineData("\0\0\0", "cannot be parsed")]
    [InlineData("postgres://u:secret@h/db", "write 'Host=...;Username=...;Database=...'")]
    public async Task A_wrong_connection_string_is_named_by_the_file_that_holds_it(string text, string expected)
    {
        Write(text);

        int code = await _host.RunAsync(["status", .. Postgres, "--postgres-file", File]);

        code.Should().Be(ExitCode.Usage);
        _host.Errors.Should().Contain($"'{File}', which '--postgres-file' names").And.Contain(expected);
        _host.Errors.Should().NotContain("TOKEN_REFRESH_POSTGRES'").And.NotContain("secret").And.NotContain("DataSource");
    }

    [Fact]
    public async Task An_option_is_named_as_the_store_that_lacks_it_has_it()
    {
        _host.Variables["TOKEN_REFRESH_POSTGRES"] = "Host=127.0.0.1;Port=9";

        int code = await _host.RunAsync(["migrate", "--to", "file", .. Postgres]);

        code.Should().Be(ExitCode.Usage);
        _host.Errors.Should().Contain("'--credentials' is not set").And.NotContain("'--store' is not set");
    }

    [Fact]
    public void A_command_that_is_advised_names_the_login_by_the_options_that_were_given()
    {
        Write("{}");

        Profile profile = Read(("--store", "file"), ("--postgres-name", "my work"), ("--token-endpoint", "https://a.example/t?key=x"));

        profile.Command("logout", StoreKind.Postgres).Should().Be(
            $"token-refresh logout --config {File} --token-endpoint ... --store postgres --postgres-name \"my work\"");
        profile.WithCommands("Run 'token-refresh login'.").Should().Contain("login --config").And.Contain("--store file");
    }

    [Theory]
    [InlineData("/tmp/a/c.json", "/tmp/a/c.json")]
    [InlineData("/tmp/a b/c.json", "\"/tmp/a b/c.json\"")]
    [InlineData("/tmp/$(a)\"", "\"/tmp/\\$(a)\\\"\"")]
    public void A_path_in_a_command_is_one_word(string path, string expected) => Words.Argument(path).Should().Be(expected);

    [Theory]
    [InlineData("Create the table: set 'CreateTable', or run 'CreateTableSql' in a migration.", "set 'postgresCreateTable' to true in the")]
    [InlineData("Sign in with a key ('DPoPKey'), or with a client.", "'login' makes no key: sign in with a program")]
    public void What_only_a_program_can_do_is_not_advised(string message, string expected) =>
        Words.OfTool(message).Should().Contain(expected).And.NotContain("Sql").And.NotContain("DPoPKey");

    public void Dispose() => _directory.Dispose();

    private void Write(string json) => System.IO.File.WriteAllText(File, json);

    private Profile Read(params (string Name, string Value)[] options) => Configuration.Read(
        _host,
        name => name == "--config" ? File : options.FirstOrDefault(option => option.Name == name).Value);
}
