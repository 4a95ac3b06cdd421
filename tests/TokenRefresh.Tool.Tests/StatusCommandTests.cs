using System.Text.Json;
using FluentAssertions;

namespace TokenRefresh.Tool.Tests;

public sealed class StatusCommandTests
{
    [Fact]
    public async Task A_valid_token_and_an_expired_refreshable_one_are_healthy()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        var valid = TestHost.Of(login);
        int validCode = await valid.RunAsync("status");
        login.StoreExpired();
        var expired = TestHost.Of(login);

        int expiredCode = await expired.RunAsync("status");

        validCode.Should().Be(ExitCode.Healthy);
        valid.Output.Should().StartWith("default: signed in\n").And.Contain(login.Path).And.Contain("expires 20");
        expiredCode.Should().Be(ExitCode.Healthy);
        expired.Output.Should().StartWith("default: signed in; the access token is expired");
    }

    [Fact]
    public async Task A_login_that_is_bound_to_a_key_shows_its_thumbprint_alone()
    {
        await using SharedLogin login = await SharedLogin.StartBoundAsync();
        TestHost[] hosts = [TestHost.Of(login), TestHost.Of(login), TestHost.Of(login)];

        await hosts[0].RunAsync("status");
        await hosts[1].RunAsync("status", "--json");
        await hosts[2].RunAsync("doctor");

        string secret = login.Key!.ExportJwk().Split("\"d\":\"")[1][..12];
        hosts.Should().OnlyContain(host => host.Output.Contains(login.Key.Thumbprint) && !host.Output.Contains(secret));
    }

    [Fact]
    public async Task A_token_whose_key_is_missing_has_a_state_of_its_own_and_the_code_of_token()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        long expiry = TimeProvider.System.GetUtcNow().AddHours(1).ToUnixTimeSeconds();
        await File.WriteAllTextAsync(
            login.Path, $$"""{ "access_token": "a", "refresh_token": "r", "token_type": "DPoP", "expires_at": {{expiry}} }""");
        TestHost[] hosts = [TestHost.Of(login), TestHost.Of(login)];

        int[] codes = [await hosts[0].RunAsync("status"), await hosts[1].RunAsync("token")];

        codes.Should().Equal(ExitCode.Usage, ExitCode.Usage);
        hosts[0].Output.Should().StartWith("default: the access token cannot be used here\n").And.NotContain("expired");
        hosts[0].Output.Should().Contain("'login' makes no key");
        hosts[1].Errors.Should().Contain("'login' makes no key").And.NotContain("DPoPKey");
    }

    [Fact]
    public async Task A_server_that_is_down_is_a_reason_to_try_later()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        using var host = TestHost.Of(login);
        host.Variables["TOKEN_REFRESH_POSTGRES"] = "Host=127.0.0.1;Port=9;Username=u";

        int code = await host.RunAsync("status", "--store", "postgres");

        code.Should().Be(ExitCode.TryLater, host.Output + host.Errors);
        host.Output.Should().StartWith("default: unreadable");
    }

    [Fact]
    public async Task A_rejected_login_is_rejected_though_its_token_is_there()
    {
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.Error("invalid_grant");
        await TestHost.Of(login).RunAsync("token");
        var host = TestHost.Of(login);

        int code = await host.RunAsync("status");

        code.Should().Be(ExitCode.SignIn);
        host.Output.Should().StartWith("default: sign in").And.Contain("rejected the refresh token");
    }

    [Fact]
    public async Task A_failed_refresh_is_a_reason_to_try_later()
    {
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.Throttle(503, retryAfter: null);
        await TestHost.Of(login).RunAsync("token");
        var host = TestHost.Of(login);

        int code = await host.RunAsync("status");

        code.Should().Be(ExitCode.TryLater);
        host.Output.Should().Contain("next attempt").And.Contain("in ");
    }

    [Fact]
    public async Task A_broken_file_is_unreadable()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        await File.WriteAllTextAsync(login.Path, "{ broken");
        var host = TestHost.Of(login);

        int code = await host.RunAsync("status");

        code.Should().Be(ExitCode.File);
        host.Output.Should().StartWith("default: unreadable").And.Contain("problem");
    }

    [Fact]
    public async Task Json_says_the_same_for_programs()
    {
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        var host = TestHost.Of(login);

        int code = await host.RunAsync("status", "--json");

        code.Should().Be(ExitCode.Healthy);
        using JsonDocument status = JsonDocument.Parse(host.Output);
        status.RootElement.GetProperty("profile").GetString().Should().Be("default");
        status.RootElement.GetProperty("state").GetString().Should().Be("ExpiredButRefreshable");
        status.RootElement.GetProperty("healthy").GetBoolean().Should().BeTrue();
        status.RootElement.GetProperty("location").GetString().Should().Be(login.Path);
        status.RootElement.TryGetProperty("lockHolder", out _).Should().BeFalse();
    }

    [Fact]
    public async Task Nothing_is_locked_sent_or_written()
    {
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        byte[] before = await File.ReadAllBytesAsync(login.Path);

        await TestHost.Of(login).RunAsync("status");

        Directory.GetFiles(login.Directory.Path).Should().Equal(login.Path);
        (await File.ReadAllBytesAsync(login.Path)).Should().Equal(before);
        login.Books.TokenRequests.Should().Be(0);
    }

    [Fact]
    public async Task The_holder_of_the_lock_is_named()
    {
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        using ParkedRequest parked = login.Server.ParkNextTokenRequest();
        Task<AccessToken> refresh = login.CreateProvider().GetAccessTokenAsync().AsTask();
        await parked.Arrived;
        var host = TestHost.Of(login);

        await host.RunAsync("status");
        parked.Release();
        await refresh;

        host.Output.Should().Contain($"held by process {Environment.ProcessId}");
    }
}
