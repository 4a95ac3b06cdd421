using System.Text;
using FluentAssertions;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;
using TokenRefresh.Tests.Credentials;

namespace TokenRefresh.Tests.Refresh;

/// <summary>Whatever is wrong with file or settings: a typed error that names it and the remedy, nothing sent, nothing changed.</summary>
public sealed class BadInputTests
{
    [Theory]
    [InlineData("", typeof(SignInRequiredException), "Sign in")]
    [InlineData("{}", typeof(SignInRequiredException), "Sign in")]
    [InlineData("{ \"claudeAiOauth\": {", typeof(CredentialsFileException), "sign in again")]
    [InlineData("not json", typeof(CredentialsFileException), "sign in again")]
    [InlineData("[]", typeof(CredentialsFileException), "sign in again")]
    [InlineData("""{"claudeAiOauth":[]}""", typeof(CredentialsFileException), "claudeAiOauth")]
    [InlineData(
        """{"claudeAiOauth":{"accessToken":42,"refreshToken":"r","expiresAt":1}}""",
        typeof(CredentialsFileException),
        "'claudeAiOauth.accessToken' is a number")]
    [InlineData(
        """{"claudeAiOauth":{"accessToken":"a","refreshToken":{},"expiresAt":1}}""",
        typeof(CredentialsFileException),
        "'claudeAiOauth.refreshToken' is an object")]
    [InlineData(
        """{"claudeAiOauth":{"accessToken":"a","refreshToken":"r","expiresAt":true}}""",
        typeof(CredentialsFileException),
        "'claudeAiOauth.expiresAt' is a boolean")]
    [InlineData("""{"claudeAiOauth":{"accessToken":"a","expiresAt":1}}""", typeof(NotRefreshableException), "Sign in again")]
    [InlineData(
        """{"claudeAiOauth":{"accessToken":"a","refreshToken":null,"expiresAt":1}}""", typeof(NotRefreshableException), "Sign in again")]
    [InlineData(
        """{"claudeAiOauth":{"accessToken":"","refreshToken":"","expiresAt":0}}""", typeof(SignInRequiredException), "Sign in again")]
    [FailureMode("F45")]
    public async Task A_file_without_a_usable_login_is_named_with_the_remedy_and_left_alone(string content, Type failure, string remedy)
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        await File.WriteAllTextAsync(login.Path, content);

        Exception? thrown = await Xunit.Record.ExceptionAsync(() => login.CreateProvider().GetAccessTokenAsync().AsTask());

        thrown.Should().BeOfType(failure);
        thrown!.Message.Should().Contain(login.Path).And.Contain(remedy);
        (await File.ReadAllTextAsync(login.Path)).Should().Be(content);
        login.Server.Books.TokenRequests.Should().Be(0);
    }

    [Fact]
    public async Task A_missing_file_is_named_with_the_remedy_and_not_created()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        File.Delete(login.Path);

        Func<Task> get = () => login.CreateProvider().GetAccessTokenAsync().AsTask();

        SignInRequiredException failure = (await get.Should().ThrowAsync<SignInRequiredException>()).Which;
        failure.Reason.Should().Be(SignInRequiredReason.NothingStored);
        failure.Message.Should().Contain(login.Path).And.Contain("Sign in, or correct 'CredentialsPath'");
        Directory.EnumerateFileSystemEntries(login.Directory.Path).Should().BeEmpty();
        login.Server.Books.TokenRequests.Should().Be(0);
    }

    [Fact]
    [FailureMode("F50")]
    public async Task A_directory_in_the_file_s_place_is_named_as_one()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        File.Delete(login.Path);
        Directory.CreateDirectory(login.Path);

        Func<Task> get = () => login.CreateProvider().GetAccessTokenAsync().AsTask();

        CredentialsFileException failure = (await get.Should().ThrowAsync<CredentialsFileException>()).Which;
        failure.Path.Should().Be(login.Path);
        failure.Message.Should().Contain($"'{login.Path}' is a directory").And.Contain("'CredentialsPath'");
        Directory.EnumerateFileSystemEntries(login.Path).Should().BeEmpty();
        login.Server.Books.TokenRequests.Should().Be(0);
    }

    // Through the seam, not by a mode: root, as which many a build machine runs its tests, may read everything.
    [Theory]
    [InlineData("Read", "cannot be read")]
    [InlineData("TryCreateTemp", "cannot be saved: ")]
    [FailureMode("F35")]
    public async Task A_file_that_may_not_be_read_or_a_directory_that_may_not_be_written_ends_before_anything_is_sent(
        string denied, string expected)
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        byte[] file = await File.ReadAllBytesAsync(login.Path);
        using var store = login.CreateStore(new DeniedOperations(denied));
        await using CoordinatedTokenProvider provider = login.CreateProvider(services: new() { CredentialsStore = store });

        Exception? thrown = await Xunit.Record.ExceptionAsync(() => provider.GetAccessTokenAsync().AsTask());

        thrown.Should().BeOfType<CredentialsFileException>()
            .Which.Message.Should().Contain(login.Path)
            .And.Contain(expected)
            .And.Contain("this user");
        (await File.ReadAllBytesAsync(login.Path)).Should().Equal(file);
        login.Server.Books.TokenRequests.Should().Be(0);
    }

    [Fact]
    [FailureMode("F31")]
    public async Task A_lock_that_cannot_be_made_is_named_with_the_setting_that_moves_it()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        byte[] file = await File.ReadAllBytesAsync(login.Path);
        string lockPath = Path.Combine(login.Directory.Path, "missing", "lock");

        Func<Task> get = () => login.CreateProvider(o => o.LockPath = lockPath).GetAccessTokenAsync().AsTask();

        string message = (await get.Should().ThrowAsync<LockUnavailableException>()).Which.Message;
        message.Should().Contain(lockPath)
            .And.Contain("'LockPath'")
            .And.Contain($"Create the directory '{Path.GetDirectoryName(lockPath)}'");
        if (!OperatingSystem.IsWindows())
        {
            message.Should().Contain("No such file or directory");
        }

        (await File.ReadAllBytesAsync(login.Path)).Should().Equal(file);
        login.Server.Books.TokenRequests.Should().Be(0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [FailureMode("F31")]
    public async Task A_lock_file_that_cannot_be_one_is_named_and_keeps_no_one_from_a_valid_token(bool isTooLong)
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        string lockPath = isTooLong ? Path.Combine(login.Directory.Path, new string('l', 300)) : login.LockPath;
        if (!isTooLong)
        {
            Directory.CreateDirectory(lockPath);
        }

        CoordinatedTokenProvider provider = login.CreateProvider(o => o.LockPath = lockPath);
        AccessToken token = await provider.GetAccessTokenAsync();
        token.Value.Should().Be(login.Login.AccessToken);
        (await provider.GetStatusAsync()).State.Should().Be(TokenRefreshState.SignedIn);

        Func<Task> refresh = () => provider.RefreshAccessTokenAsync(token).AsTask();

        (await refresh.Should().ThrowAsync<LockUnavailableException>()).Which.Message.Should().Contain(lockPath).And.Contain("'LockPath'");
        login.Server.Books.TokenRequests.Should().Be(0);
    }

    [Theory]
    [InlineData("abc\\n")]
    [InlineData("abc\\u007f")]
    [InlineData("a bc\u00e9")]
    [InlineData("   ")]
    [FailureMode("F45")]
    public async Task An_access_token_that_no_header_may_carry_is_replaced_if_it_can_be_and_named_if_not(string token)
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        string json =
            $$"""{"claudeAiOauth":{"accessToken":"{{token}}","refreshToken":"{{login.Login.RefreshToken}}","expiresAt":9999999999999 } }""";
        await File.WriteAllTextAsync(login.Path, json);
        CoordinatedTokenProvider provider = login.CreateProvider();
        (await provider.GetStatusAsync()).State.Should().Be(TokenRefreshState.ExpiredButRefreshable);

        login.Server.IsAccepted((await provider.GetAccessTokenAsync()).Value).Should().BeTrue();
        login.Server.Books.TokenRequests.Should().Be(1);

        string alone = $$"""{"claudeAiOauth":{"accessToken":"{{token}}","expiresAt":9999999999999 } }""";
        await File.WriteAllTextAsync(login.Path, alone);
        Func<Task> get = () => login.CreateProvider().GetAccessTokenAsync().AsTask();
        (await get.Should().ThrowAsync<NotRefreshableException>()).Which.Message.Should().Contain(login.Path).And.Contain("Sign in again");
        (await File.ReadAllTextAsync(login.Path)).Should().Be(alone);
    }

    [Fact]
    [FailureMode("F50")]
    public async Task A_login_is_not_stored_where_a_directory_is_in_the_file_s_place()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        File.Delete(login.Path);
        Directory.CreateDirectory(login.Path);

        Func<Task> store = () => login.CreateProvider().StoreAsync(login.Login.Credentials);

        (await store.Should().ThrowAsync<CredentialsFileException>())
            .Which.Message.Should().Contain($"'{login.Path}' is a directory")
            .And.Contain("Remove it");
        Directory.Exists(login.Path).Should().BeTrue();
    }

    [Theory]
    [InlineData("'TokenEndpoint' is 'http://auth.example.com/token'")]
    [InlineData("'TokenEndpoint' is '/token'")]
    [InlineData("'ClientId' is not set")]
    [InlineData("'AttemptTimeout' is '00:00:21', more than 'RefreshTimeout'")]
    [InlineData("'LockTimeout' is '00:00:25', not more than 'RefreshTimeout' and 'SaveTimeout' together")]
    [InlineData("'RefreshBeforeExpiration' is '00:00:05', not more than 'ExpirationSkew'")]
    [InlineData("'CredentialsPath' is not set")]
    public async Task A_setting_that_is_missing_or_contradicts_another_is_named_before_anything_happens(string expected)
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        byte[] file = await File.ReadAllBytesAsync(login.Path);
        Action<TokenRefreshOptions> spoil = expected.Split('\'')[1] switch
        {
            "TokenEndpoint" => o => o.TokenEndpoint = new Uri(expected.Split('\'')[3], UriKind.RelativeOrAbsolute),
            "ClientId" => o => o.ClientId = null,
            "AttemptTimeout" => o => o.AttemptTimeout = TimeSpan.FromSeconds(21),
            "LockTimeout" => o => o.LockTimeout = TimeSpan.FromSeconds(25),
            "RefreshBeforeExpiration" => o => o.RefreshBeforeExpiration = TimeSpan.FromSeconds(5),
            _ => o => o.CredentialsPath = null,
        };

        Action create = () => login.CreateProvider(spoil);

        create.Should().Throw<TokenRefreshConfigurationException>()
            .Which.Message.Should().Contain(expected)
            .And.MatchRegex("Set|Use|Write|Raise|Lower");
        (await File.ReadAllBytesAsync(login.Path)).Should().Equal(file);
        login.Server.Books.TokenRequests.Should().Be(0);
    }

    [Theory]
    [InlineData("1787613382524.616")]
    [InlineData("1.787613382524616e12")]
    [InlineData("\"1787613382524\"")]
    [FailureMode("F76")]
    public async Task An_expiry_that_is_no_integer_is_understood_and_costs_nothing(string expiresAt)
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        string json = $$$"""
            {"claudeAiOauth":{"accessToken":"{{{login.Login.AccessToken}}}","refreshToken":"{{{login.Login.RefreshToken}}}",
            "expiresAt":{{{expiresAt}}},"scopes":"odd"}}
            """;
        await File.WriteAllTextAsync(login.Path, json);
        var clock = new TokenRefresh.TestKit.ManualTimeProvider();

        AccessToken token = await login.CreateProvider(services: new() { TimeProvider = clock }).GetAccessTokenAsync();

        token.ExpiresAt.Should().BeCloseTo(DateTimeOffset.FromUnixTimeMilliseconds(1787613382524), TimeSpan.FromMilliseconds(1));
        (await File.ReadAllTextAsync(login.Path)).Should().Be(json);
        login.Server.Books.TokenRequests.Should().Be(0);
    }

    [Fact]
    [FailureMode("F51")]
    public async Task A_file_of_five_megabytes_is_refreshed_and_every_other_byte_of_it_kept()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        string siblings = string.Join(
            ',', Enumerable.Range(0, 50_000).Select(i => $"\"server|{i}\":{{\"accessToken\":\"{new string('x', 60)}\",\"n\":{i}.50}}"));
        string json = $$$"""
            {"mcpOAuth":{{{{siblings}}}},"claudeAiOauth":{"accessToken":"{{{login.Login.AccessToken}}}",
            "refreshToken":"{{{login.Login.RefreshToken}}}","expiresAt":1}}
            """;
        await File.WriteAllTextAsync(login.Path, json);

        AccessToken token = await login.CreateProvider().GetAccessTokenAsync();

        string saved = await File.ReadAllTextAsync(login.Path);
        Encoding.UTF8.GetByteCount(saved).Should().BeGreaterThan(5_000_000);
        saved.Contains(siblings, StringComparison.Ordinal).Should().BeTrue();
        saved.Contains(token.Value, StringComparison.Ordinal).Should().BeTrue();
    }
}
