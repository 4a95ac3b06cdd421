using System.Diagnostics;
using System.Net;
using System.Text.RegularExpressions;
using FluentAssertions;

namespace TokenRefresh.Tool.Tests;

public sealed partial class LoginCommandTests
{
    [Fact]
    public async Task The_browser_comes_back_and_the_login_is_stored()
    {
        await using SharedLogin login = await StartSignedOutAsync();
        using TestHost host = HostOf(login);

        Task<int> run = host.RunAsync("login", "--no-browser");
        using (HttpResponseMessage page = await new HttpClient().GetAsync(await AddressAsync(host)))
        {
            page.StatusCode.Should().Be(HttpStatusCode.OK);
        }

        (await run).Should().Be(ExitCode.Healthy, host.Errors);
        host.Output.Should().StartWith("Signed in: ");
        login.Server.IsAccepted(await TokenAsync(login)).Should().BeTrue();
        SecretSearch.CountLeaks(host.Output + host.Errors, login.Server.IssuedTokens).Should().Be(0);
    }

    [Fact]
    public async Task Without_a_browser_the_address_it_ended_at_is_pasted()
    {
        await using SharedLogin login = await StartSignedOutAsync();
        using Process process = Process.Start(ToolProcess.StartInfo(login, "login", "--no-browser"))!;
        string address = await ToolProcess.ReadUntilAsync(process.StandardError, "/authorize?");
        using var elsewhere = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });

        using HttpResponseMessage redirect = await elsewhere.GetAsync(new Uri(address));
        await process.StandardInput.WriteLineAsync(redirect.Headers.Location!.AbsoluteUri);
        await ToolProcess.ReadUntilAsync(process.StandardOutput, "Signed in");
        await process.WaitForExitAsync();

        process.ExitCode.Should().Be(ExitCode.Healthy);
        login.Server.IsAccepted(await TokenAsync(login)).Should().BeTrue();
    }

    [Fact]
    public async Task A_device_code_is_polled_until_the_user_agrees()
    {
        await using SharedLogin login = await StartSignedOutAsync();
        login.Server.PendingDevicePolls = 2;
        var clock = new ManualTimeProvider(TimeProvider.System.GetUtcNow());
        using TestHost host = HostOf(login, clock);

        Task<int> run = host.RunAsync("login", "--device");
        await clock.AdvanceThroughShortPausesAsync(run, TimeSpan.FromSeconds(5));

        (await run).Should().Be(ExitCode.Healthy, host.Errors);
        host.Errors.Should().Contain("enter the code WDJB-MJHT");
        login.Books.TokenRequests.Should().Be(3);
        login.Server.IsAccepted(await TokenAsync(login)).Should().BeTrue();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_user_who_does_not_agree_changes_nothing(bool withDevice)
    {
        await using SharedLogin login = await StartSignedOutAsync();
        login.Server.SignInDenial = "access_denied";
        login.Server.PendingDevicePolls = 0;
        var clock = new ManualTimeProvider(TimeProvider.System.GetUtcNow());
        using TestHost host = HostOf(login, clock);

        Task<int> run = host.RunAsync(withDevice ? ["login", "--device"] : ["login", "--no-browser"]);
        if (withDevice)
        {
            await clock.AdvanceThroughShortPausesAsync(run, TimeSpan.FromSeconds(5));
        }
        else
        {
            (await new HttpClient().GetAsync(await AddressAsync(host))).Dispose();
        }

        (await run).Should().Be(ExitCode.SignIn);
        host.Errors.Should().Contain("access_denied");
        File.Exists(login.Path).Should().BeFalse();
    }

    [Fact]
    public async Task An_answer_to_another_sign_in_is_none()
    {
        await using SharedLogin login = await StartSignedOutAsync();
        using TestHost host = HostOf(login);

        Task<int> run = host.RunAsync("login", "--no-browser");
        Uri address = await AddressAsync(host);
        string redirect = Uri.UnescapeDataString(RedirectUri().Match(address.Query).Groups[1].Value);
        using HttpResponseMessage stolen = await new HttpClient().GetAsync(new Uri(redirect + "?code=stolen&state=other"));
        (await new HttpClient().GetAsync(address)).Dispose();

        stolen.StatusCode.Should().Be(HttpStatusCode.NotFound);
        (await run).Should().Be(ExitCode.Healthy, host.Errors);
        login.Books.TokenRequests.Should().Be(1);
    }

    [Fact]
    public async Task What_is_no_answer_is_not_taken_for_one()
    {
        await using SharedLogin login = await StartSignedOutAsync();
        using TestHost host = HostOf(login);

        Task<int> run = host.RunAsync("login", "--no-browser");
        Uri address = await AddressAsync(host);
        var redirect = new Uri(Uri.UnescapeDataString(RedirectUri().Match(address.Query).Groups[1].Value));
        using HttpResponseMessage icon = await new HttpClient().GetAsync(new Uri(redirect, "/favicon.ico"));
        (await new HttpClient().GetAsync(address)).Dispose();

        icon.StatusCode.Should().Be(HttpStatusCode.NotFound);
        (await run).Should().Be(ExitCode.Healthy, host.Errors);
    }

    [Fact]
    public async Task A_sign_in_that_is_not_finished_ends_by_its_time_out()
    {
        await using SharedLogin login = await StartSignedOutAsync();
        var clock = new ManualTimeProvider(TimeProvider.System.GetUtcNow());
        using TestHost host = HostOf(login, clock);

        Task<int> run = host.RunAsync("login", "--no-browser", "--timeout", "30");
        await AddressAsync(host);
        await clock.AdvanceUntilAsync(run, TimeSpan.FromSeconds(30));

        (await run).Should().Be(ExitCode.SignIn);
        host.Errors.Should().Contain("'--timeout'");
    }

    [Fact]
    public async Task Two_that_sign_in_at_the_same_time_ask_the_user_once()
    {
        await using SharedLogin login = await StartSignedOutAsync();
        using TestHost one = HostOf(login);
        using TestHost two = HostOf(login);

        Task<int> first = one.RunAsync("login", "--no-browser");
        Uri address = await AddressAsync(one);
        Task<int> second = two.RunAsync("login", "--no-browser");
        await two.WaitForErrorAsync("waiting for the sign-in");
        (await new HttpClient().GetAsync(address)).Dispose();

        (await first).Should().Be(ExitCode.Healthy, one.Errors);
        (await second).Should().Be(ExitCode.Healthy, two.Errors);
        two.Errors.Should().NotContain("/authorize?");
        login.Books.TokenRequests.Should().Be(1);
    }

    [Fact]
    public async Task A_refresh_that_keeps_the_lock_is_what_a_sign_in_waits_for()
    {
        await using SharedLogin login = await StartSignedOutAsync();
        login.StoreExpired();
        using ParkedRequest parked = login.Server.ParkNextTokenRequest();
        await using CoordinatedTokenProvider tokens = login.CreateProvider();
        using TestHost host = HostOf(login);

        Task<AccessToken> refresh = tokens.GetAccessTokenAsync().AsTask();
        await parked.Arrived;
        Task<int> run = host.RunAsync("login", "--no-browser");
        await host.WaitForErrorAsync($"waiting for process {Environment.ProcessId}");
        parked.Release();
        await refresh;
        (await new HttpClient().GetAsync(await AddressAsync(host))).Dispose();

        (await run).Should().Be(ExitCode.Healthy, host.Errors);
    }

    [Fact]
    public async Task A_pasted_address_that_no_server_sends_is_an_error()
    {
        await using SharedLogin login = await StartSignedOutAsync();
        using TestHost host = HostOf(login);
        host.Input = "http://127.0.0.1:1/callback?state=a&state=b&code=c&code=d\n";

        int code = await host.RunAsync("login", "--no-browser");

        code.Should().Be(ExitCode.SignIn);
        host.Errors.Should().Contain("sign-in").And.NotContain("Exception");
    }

    [Fact]
    public async Task What_a_server_says_does_not_reach_the_terminal_raw()
    {
        await using SharedLogin login = await StartSignedOutAsync();
        login.Server.SignInDenial = "access_denied\u001b]0;x\u0007";
        login.Server.PendingDevicePolls = 0;
        var clock = new ManualTimeProvider(TimeProvider.System.GetUtcNow());
        using TestHost host = HostOf(login, clock);

        Task<int> run = host.RunAsync("login", "--device");
        await clock.AdvanceThroughShortPausesAsync(run, TimeSpan.FromSeconds(5));

        (await run).Should().Be(ExitCode.SignIn);
        host.Errors.Should().Contain("access_denied").And.NotContain("\u001b").And.NotContain("\u0007");
    }

    [Theory]
    [InlineData("file:///etc/passwd")]
    [InlineData("calc://127.0.0.1/x")]
    public async Task An_address_of_another_kind_is_not_opened(string address)
    {
        await using SharedLogin login = await StartSignedOutAsync();
        using TestHost host = HostOf(login);
        await File.WriteAllTextAsync(
            Path.Combine(login.Directory.Path, "token-refresh", "config.json"),
            $$"""{ "profiles": { "test": { "authorizationEndpoint": "{{address}}" } } }""");

        int code = await host.RunAsync("login", "--no-browser");

        code.Should().Be(ExitCode.Usage);
        host.Errors.Should().Contain("no http address");
    }

    [Fact]
    public async Task Metadata_of_another_issuer_are_refused()
    {
        await using SharedLogin login = await StartSignedOutAsync();
        using TestHost host = HostOf(login, issuer: new Uri(login.Server.Issuer, "/tenant"));

        int code = await host.RunAsync("login", "--no-browser");

        code.Should().Be(ExitCode.Usage);
        host.Errors.Should().Contain("'issuer'");
    }

    [Fact]
    public async Task Logout_removes_the_login_and_says_whether_the_server_knows()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        using var host = TestHost.Of(login);
        using var status = TestHost.Of(login);

        int code = await host.RunAsync("logout");

        code.Should().Be(ExitCode.Healthy);
        host.Output.Should().StartWith("Signed out: ").And.Contain("'revocationEndpoint'");
        (await status.RunAsync("status")).Should().Be(ExitCode.SignIn);
    }

    [GeneratedRegex("redirect_uri=([^&]*)", RegexOptions.None, 5000)]
    private static partial Regex RedirectUri();

    private static async Task<SharedLogin> StartSignedOutAsync()
    {
        SharedLogin login = await SharedLogin.StartAsync();
        File.Delete(login.Path);
        WriteConfiguration(login, login.Server.Issuer);
        return login;
    }

    private static TestHost HostOf(SharedLogin login, TimeProvider? clock = null, Uri? issuer = null)
    {
        var host = TestHost.Of(login, clock);
        WriteConfiguration(login, issuer ?? login.Server.Issuer);
        host.Variables["XDG_CONFIG_HOME"] = login.Directory.Path;
        return host;
    }

    private static void WriteConfiguration(SharedLogin login, Uri issuer)
    {
        Directory.CreateDirectory(Path.Combine(login.Directory.Path, "token-refresh"));
        File.WriteAllText(
            Path.Combine(login.Directory.Path, "token-refresh", "config.json"),
            $$"""{ "profiles": { "test": { "issuer": "{{issuer}}", "signInScope": "user:inference" } } }""");
    }

    private static async Task<Uri> AddressAsync(TestHost host)
    {
        string errors = await host.WaitForErrorAsync("paste the address");
        return new Uri(errors.Split('\n').First(line => line.Contains("/authorize?", StringComparison.Ordinal)).Trim());
    }

    private static async Task<string> TokenAsync(SharedLogin login)
    {
        await using CoordinatedTokenProvider tokens = login.CreateProvider();
        return (await tokens.GetAccessTokenAsync()).Value;
    }
}
