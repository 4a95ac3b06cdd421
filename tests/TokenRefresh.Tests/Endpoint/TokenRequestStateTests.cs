using FluentAssertions;
using TokenRefresh.Endpoint;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Endpoint;

/// <summary>A token request alone knows what became of its body.</summary>
public sealed class TokenRequestStateTests
{
    [Fact]
    public async Task A_request_is_sent_from_the_moment_its_announcement_succeeded()
    {
        bool duringAnnouncement = true;
        TokenRequest? request = null;
        request = new TokenRequest("rt", _ =>
        {
            duringAnnouncement = request!.IsSent;
            return default;
        });
        bool before = request.IsSent;

        await request.BeforeSendAsync();

        before.Should().BeFalse();
        duringAnnouncement.Should().BeFalse();
        request.IsSent.Should().BeTrue();
    }

    [Fact]
    public async Task An_announcement_that_fails_leaves_the_request_unsent()
    {
        var thrown = new IOException("The disk is full.");
        var request = new TokenRequest("rt", _ => throw thrown);

        Func<Task> act = () => request.BeforeSendAsync().AsTask();

        (await act.Should().ThrowAsync<IOException>()).Which.Should().BeSameAs(thrown);
        request.IsSent.Should().BeFalse();
    }

    [Fact]
    [FailureMode("F98")]
    public async Task A_closed_request_announces_nothing()
    {
        int announced = 0;
        var request = new TokenRequest("rt", _ =>
        {
            announced++;
            return default;
        });
        await request.CloseAsync();

        Func<Task> act = () => request.BeforeSendAsync().AsTask();

        await act.Should().ThrowAsync<InvalidOperationException>().WithMessage("*nothing may be sent*");
        announced.Should().Be(0);
        request.IsSent.Should().BeFalse();
    }

    [Fact]
    public async Task A_request_whose_token_was_not_looked_at_is_announced_once_more_and_no_third_time()
    {
        int announced = 0;
        var request = new TokenRequest("rt", _ =>
        {
            announced++;
            return default;
        });
        await request.BeforeSendAsync();
        await request.CloseAsync(isAnswered: true);
        await FluentActions.Awaiting(() => request.BeforeSendAsync().AsTask()).Should().ThrowAsync<InvalidOperationException>();

        request.TryReopen().Should().BeTrue();

        request.IsSent.Should().BeFalse();
        await request.BeforeSendAsync();
        request.IsSent.Should().BeTrue();
        announced.Should().Be(2);
        await request.CloseAsync(isAnswered: true);
        request.TryReopen().Should().BeFalse();
    }

    [Fact]
    [FailureMode("F98")]
    public async Task A_request_that_is_over_is_not_opened_again()
    {
        var request = new TokenRequest("rt");
        await request.BeforeSendAsync();
        await request.CloseAsync(isAnswered: true);
        await request.CloseAsync();

        request.TryReopen().Should().BeFalse();

        await FluentActions.Awaiting(() => request.BeforeSendAsync().AsTask()).Should().ThrowAsync<InvalidOperationException>();
    }

    [Fact]
    public async Task A_request_whose_body_may_still_be_on_its_way_is_not_opened_again()
    {
        var request = new TokenRequest("rt");
        await request.CloseAsync(isAnswered: true);

        request.TryReopen().Should().BeFalse("the body was taken and not announced");
    }

    [Theory]
    [FailureMode("F98")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Closing_waits_for_an_announcement_under_way_and_nothing_is_sent_after_it(bool fails)
    {
        var release = new TaskCompletionSource();
        var request = new TokenRequest("rt", _ => new ValueTask(release.Task));
        Task announcing = request.BeforeSendAsync().AsTask();

        Task closing = request.CloseAsync().AsTask();
        bool closedEarly = closing.IsCompleted;
        if (fails)
        {
            release.SetException(new IOException("The disk is full."));
        }
        else
        {
            release.SetResult();
        }

        await closing;
        closedEarly.Should().BeFalse();
        await announcing.Awaiting(a => a).Should().ThrowAsync<Exception>();
        request.IsSent.Should().BeFalse();
    }

    [Fact]
    public async Task A_request_that_was_sent_stays_sent_when_it_is_closed()
    {
        var request = new TokenRequest("rt");
        await request.BeforeSendAsync();

        await request.CloseAsync();
        await request.CloseAsync();

        request.IsSent.Should().BeTrue();
    }
}
