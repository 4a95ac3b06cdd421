using FluentAssertions;
using TokenRefresh.TestKit;

namespace TokenRefresh.ProcessTests;

/// <summary>Programs without a user share their client's token.</summary>
public sealed class ClientTokenTests
{
    [Fact]
    public async Task Processes_without_a_file_make_one_request_and_one_more_when_its_token_is_rejected_or_its_holder_is_killed()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        File.Delete(login.Path);
        await using ChildProcessGroup group = await ChildProcessGroup.StartAsync(4, TestProgram.Path);
        await group.RunAsync(login.CreateCommand("grant=ClientCredentials"));

        string first = (await group.RunAtOnceAsync("get 4")).ShouldAgreeOnOneToken();
        int requests = login.Books.TokenRequests;
        login.Server.ExpireAllAccessTokens();
        string second = (await group.RunAtOnceAsync("refresh last 4")).ShouldAgreeOnOneToken();
        int requestsAfterRejection = login.Books.TokenRequests;

        using ParkedExchange<string> parked = await login.ParkAsync(group.Children[0], "refresh last", ParkPoint.AfterProcessing);
        await group.Children[0].KillAsync();
        parked.Drop();
        string[] replies = await Task.WhenAll(group.Children.Skip(1).Select(child => child.RunAsync("refresh last 4")));
        string third = replies.ShouldAgreeOnOneToken();

        new[] { first, second, third }.Should().OnlyHaveUniqueItems();
        (requests, requestsAfterRejection, login.Books.TokenRequests).Should().Be((1, 2, 4));
        await parked.Caller.Awaiting(task => task).Should().ThrowAsync<ChildProcessException>();
    }
}
