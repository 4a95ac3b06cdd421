using System.Globalization;
using System.Text;
using FluentAssertions;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;
using TokenRefresh.Tests.Refresh;

namespace TokenRefresh.Tests.Credentials;

/// <summary>What a refresh, end to end, does to the file.</summary>
public sealed class RefreshedFileTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    [FailureMode("F36")]
    public async Task A_provider_that_knows_nothing_finds_the_new_tokens()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        await using (CoordinatedTokenProvider first = login.CreateProvider())
        {
            await first.GetAccessTokenAsync(Cancellation);
        }

        CoordinatedTokenProvider second = login.CreateProvider();
        AccessToken found = await second.GetAccessTokenAsync(Cancellation);
        AccessToken next = await second.RefreshAccessTokenAsync(found, Cancellation);

        login.Server.IsAccepted(next.Value).Should().BeTrue("the stored refresh token is the new one");
        login.Server.Books.TokenRequests.Should().Be(2);
        login.Server.Books.Reuses.Should().Be(0);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("null")]
    [InlineData("\"\"")]
    [FailureMode("F42")]
    public async Task An_answer_without_refresh_token_keeps_the_stored_one(string? refreshToken)
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        login.Server.EnqueueTokenBehavior(TokenEndpointBehavior.Member("refresh_token", refreshToken));
        using var store = login.CreateStore();

        AccessToken token = await login.CreateProvider().GetAccessTokenAsync(Cancellation);

        OAuthCredentials? stored = await store.ReadAsync(Cancellation);
        stored!.AccessToken.Should().Be(token.Value);
        stored.RefreshToken.Should().Be(login.Login.RefreshToken);
        stored.ExpiresAt.Should().BeAfter(DateTimeOffset.UnixEpoch.AddYears(51));
        AccessToken next = await login.CreateProvider().RefreshAccessTokenAsync(token, Cancellation);
        login.Server.IsAccepted(next.Value).Should().BeTrue("a token that was not rotated is not taken for used");
    }

    [Fact]
    [FailureMode("F41", "F43")]
    public async Task Only_the_logins_members_change_all_in_one_write()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        string before = Document(login.Login, "1577836800000.75");
        await File.WriteAllTextAsync(login.Path, before, new UTF8Encoding(false), Cancellation);
        var files = new FileOperationsSpy();
        using var store = login.CreateStore(files);

        AccessToken token = await login.CreateProvider(services: new() { CredentialsStore = store }).GetAccessTokenAsync(Cancellation);

        OAuthCredentials? stored = await store.ReadAsync(Cancellation);
        string expected = before
            .Replace(login.Login.AccessToken, token.Value, StringComparison.Ordinal)
            .Replace(login.Login.RefreshToken, stored!.RefreshToken, StringComparison.Ordinal)
            .Replace(
                "1577836800000.75",
                stored.ExpiresAt!.Value.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture),
                StringComparison.Ordinal);
        stored.RefreshToken.Should().NotBe(login.Login.RefreshToken);
        (await File.ReadAllTextAsync(login.Path, Cancellation)).Should().Be(expected);
        files.Calls.Count(c => c == "temp.write").Should().Be(1);
        files.Calls.Count(c => c == "replace").Should().Be(1);
    }

    [Fact]
    [FailureMode("F51")]
    public async Task A_file_of_five_megabytes_is_refreshed_like_any_other()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        var ballast = new StringBuilder(5 << 20);
        for (var i = 0; ballast.Length < 5 << 20; i++)
        {
            ballast.Append(
                CultureInfo.InvariantCulture,
                $"    \"server|{i}\": {{ \"accessToken\": \"{new string('x', 200)}\", \"expiresAt\": {i}.5 }},\n");
        }

        string before = Document(login.Login, "1", ballast.ToString());
        await File.WriteAllTextAsync(login.Path, before, new UTF8Encoding(false), Cancellation);

        AccessToken token = await login.CreateProvider().GetAccessTokenAsync(Cancellation);

        string after = await File.ReadAllTextAsync(login.Path, Cancellation);
        login.Server.IsAccepted(token.Value).Should().BeTrue();
        after.Contains(ballast.ToString(), StringComparison.Ordinal).Should().BeTrue("what belongs to others is untouched");
        after.Contains(token.Value, StringComparison.Ordinal).Should().BeTrue();
        login.Server.Books.TokenRequests.Should().Be(1);
    }

    [Fact]
    [FailureMode("F46")]
    public async Task A_symbolic_link_stays_a_link_and_its_target_gets_the_tokens()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A symbolic link needs a privilege on Windows.");
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        using var elsewhere = new TempDirectory();
        string middle = Path.Combine(elsewhere.Path, "middle.json");
        string link = Path.Combine(elsewhere.Path, "link.json");
        File.CreateSymbolicLink(middle, login.Path);
        File.CreateSymbolicLink(link, "middle.json");
        CoordinatedTokenProvider throughLink = login.CreateProvider(o => o.CredentialsPath = link);
        CoordinatedTokenProvider direct = login.CreateProvider();

        AccessToken[] tokens = await Task.WhenAll(
            throughLink.GetAccessTokenAsync(Cancellation).AsTask(), direct.GetAccessTokenAsync(Cancellation).AsTask());

        new FileInfo(link).LinkTarget.Should().Be("middle.json");
        new FileInfo(middle).LinkTarget.Should().Be(login.Path);
        (await File.ReadAllTextAsync(login.Path, Cancellation)).Should().Contain(tokens[0].Value);
        tokens[1].Value.Should().Be(tokens[0].Value);
        File.Exists(login.LockPath).Should().BeTrue("the lock belongs to the target");
        Directory.EnumerateFiles(elsewhere.Path).Should().BeEquivalentTo([middle, link], "neither lock nor temp file lies beside the link");
        login.Server.Books.TokenRequests.Should().Be(1);
    }

    [Fact]
    [FailureMode("F47")]
    public async Task A_bind_mounted_file_is_overwritten_in_place_and_its_source_has_the_tokens()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        string mounted = Path.Combine(login.Directory.Path, "mounted.json");
        await File.WriteAllTextAsync(mounted, "", Cancellation);
        Assert.SkipUnless(
            OperatingSystem.IsLinux() && TryRun("mount", "--bind", login.Path, mounted), "A bind mount needs Linux and CAP_SYS_ADMIN.");
        try
        {
            AccessToken token = await login.CreateProvider(o => o.CredentialsPath = mounted).GetAccessTokenAsync(Cancellation);

            login.Server.IsAccepted(token.Value).Should().BeTrue();
            (await File.ReadAllTextAsync(mounted, Cancellation)).Should().Contain(token.Value);
            (await File.ReadAllTextAsync(login.Path, Cancellation)).Should().Contain(token.Value, "it is one file still");
            Directory.EnumerateFiles(login.Directory.Path, "*.tmp").Should().BeEmpty();
        }
        finally
        {
            TryRun("umount", mounted).Should().BeTrue();
        }
    }

    [Fact]
    [FailureMode("F50")]
    public async Task A_directory_in_the_files_place_is_an_error_that_says_so()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        string directory = Directory.CreateDirectory(Path.Combine(login.Directory.Path, "mounted")).FullName;
        CoordinatedTokenProvider provider = login.CreateProvider(o => o.CredentialsPath = directory);

        Func<Task> act = async () => await provider.GetAccessTokenAsync(Cancellation);

        CredentialsFileException failure = (await act.Should().ThrowAsync<CredentialsFileException>()).Which;
        failure.Message.Should().Contain($"'{directory}' is a directory");
        failure.Path.Should().Be(directory);
        login.Server.Books.TokenRequests.Should().Be(0);
    }

    private static bool TryRun(string program, params string[] arguments)
    {
        try
        {
            using var process = System.Diagnostics.Process.Start(
                new System.Diagnostics.ProcessStartInfo(program, arguments) { RedirectStandardError = true, UseShellExecute = false })!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private static string Document(IssuedLogin login, string expiresAt, string ballast = "") => $$"""
        {
          "mcpOAuth": {
        {{ballast}}
            "last|1":   {"accessToken":"other", "expiresAt":1787613382524.616, "scope" : null}
          },
          "claudeAiOauth": { "rateLimitTier":"default_20x","refreshToken": "{{login.RefreshToken}}",
            "expiresAt"  : {{expiresAt}}, "scopes": ["user:inference", "user:profile"],
            "accessToken": "{{login.AccessToken}}", "subscriptionType": "m\u0061x", "a key of tomorrow": [1e2, {"deep": [ ]}] },
          "organization": {"id": 1.0}

        }

        """;
}
