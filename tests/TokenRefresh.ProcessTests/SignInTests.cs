using FluentAssertions;
using TokenRefresh.TestKit;

namespace TokenRefresh.ProcessTests;

/// <summary>Several programs without a login, and one browser.</summary>
public sealed class SignInTests
{
    [Fact]
    [FailureMode("F30", "F81")]
    public async Task Three_processes_open_one_browser_and_all_have_its_login_and_others_refresh_meanwhile()
    {
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        await using ChildProcessGroup group = await ChildProcessGroup.StartAsync(3, TestProgram.Path);
        await group.RunAsync(login.CreateCommand("user=yes name=guest", login.Path + ".none"));
        await group.RunAsync(login.CreateCommand());
        Task<string>[] gets = await Task.WhenAll(group.Children.Select(child => child.StartCommandAsync("get 8 name=guest")));
        Task<string>[] asked = [.. group.Children.Select(child => child.ExpectAsync("asked"))];
        int first = Array.IndexOf(asked, await Task.WhenAny(asked));
        await Task.WhenAll(group.Children.Where((_, i) => i != first).Select(child => child.WaitUntilItAwaitsTheLockAsync()));

        string refreshed = (await group.RunAsync("get")).ShouldAgreeOnOneToken();
        OAuthCredentials made = await SignInAsync(login, group.Children[first], "name=guest");

        (await Task.WhenAll(gets)).Should().AllBe(Replies.OneToken(made.AccessToken)).And.NotContain(refreshed);
        asked.Count(task => task.IsCompleted).Should().Be(1, "one browser is enough");
        login.Books.Should().BeEquivalentTo(new { TokenRequests = 1, Reuses = 0 });
    }

    [Fact]
    [FailureMode("F18")]
    public async Task Another_process_asks_its_user_when_the_one_in_the_browser_is_killed()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        File.Delete(login.Path);
        await using ChildProcessGroup group = await ChildProcessGroup.StartAsync(3, TestProgram.Path);
        await group.RunAsync(login.CreateCommand("user=yes"));
        ChildProcess first = group.Children[0];
        ChildProcess[] others = [.. group.Children.Skip(1)];
        Task<string> lost = await first.StartCommandAsync("get");
        await first.ExpectAsync("asked");
        Task<string>[] gets = await Task.WhenAll(others.Select(child => child.StartCommandAsync("get")));
        await Task.WhenAll(others.Select(child => child.WaitUntilItAwaitsTheLockAsync()));

        await first.KillAsync();
        Task<string>[] asked = [.. others.Select(child => child.ExpectAsync("asked"))];
        int next = Array.IndexOf(asked, await Task.WhenAny(asked));
        OAuthCredentials made = await SignInAsync(login, others[next]);

        (await Task.WhenAll(gets)).Should().AllBe(Replies.OneToken(made.AccessToken));
        asked.Count(task => task.IsCompleted).Should().Be(1);
        await lost.Awaiting(task => task).Should().ThrowAsync<ChildProcessException>();
    }

    private static async Task<OAuthCredentials> SignInAsync(SharedLogin login, ChildProcess child, string provider = "")
    {
        OAuthCredentials made = login.Server.IssueLogin().Credentials;
        await child.RunAsync($"signed {made.AccessToken} {made.RefreshToken} in:3600 {provider}");
        return made;
    }
}
