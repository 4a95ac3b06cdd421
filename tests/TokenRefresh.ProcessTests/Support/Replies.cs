using FluentAssertions;
using TokenRefresh.TestKit;

namespace TokenRefresh.ProcessTests;

/// <summary>What children answer to <c>get</c> and <c>refresh</c>.</summary>
internal static class Replies
{
    /// <summary>How Linux shows the library's threads, as words of the <c>threads</c> command: cut after 15 characters.</summary>
    internal const string LockThread = "TokenRefresh%20lo";

    /// <inheritdoc cref="LockThread"/>
    internal const string WatchThread = "TokenRefresh%20wa";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    /// <summary>Every caller succeeded, all with this token.</summary>
    internal static string OneToken(string token) => $"fingerprints={TokenFingerprint.Of(token)} distinct=1 failures=0";

    /// <summary>Every caller of every child succeeded, all with one and the same token.</summary>
    internal static string ShouldAgreeOnOneToken(this IEnumerable<string> replies)
    {
        string reply = replies.Distinct(StringComparer.Ordinal).Should().ContainSingle("all callers get the same token").Subject;
        reply.Should().MatchRegex("^fingerprints=[^,]+ distinct=1 failures=0$");
        return reply;
    }

    /// <summary>
    /// Waits until a child is parked in the system's lock. Another process cannot tell that by itself, so it is asked again and again.
    /// </summary>
    internal static Task WaitUntilItAwaitsTheLockAsync(this ChildProcess child) =>
        WaitForThreadAsync(child, LockThread, "the child is expected to wait for the lock");

    /// <summary>Waits until a child watches the credentials for a change.</summary>
    internal static Task WaitUntilItWatchesTheFileAsync(this ChildProcess child) =>
        WaitForThreadAsync(child, WatchThread, "the child is expected to wait for a save");

    /// <summary>Waits until a child's runtime is at work on a signal; it starts a thread for each, but for SIGHUP.</summary>
    internal static Task WaitUntilItHandlesASignalAsync(this ChildProcess child) =>
        WaitForThreadAsync(child, ".NET%20Signal", "the child is expected to have its signal");

    /// <summary>Waits until a child has taken what it was sent: signals of one kind that are pending together arrive as one.</summary>
    internal static Task WaitUntilNoSignalIsPendingAsync(this ChildProcess child) =>
        WaitForReplyAsync(() => child.RunAsync("pending"), "none", "the child is expected to have its signal");

    /// <summary>Waits until the disposal of a child's provider has begun.</summary>
    internal static Task WaitUntilItIsDisposedAsync(this ChildProcess child) =>
        WaitForReplyAsync(
            async () =>
            {
                await child.SendAsync("& asked status");
                return await child.ExpectAsync("asked");
            },
            "asked error ObjectDisposedException",
            "the child is expected to dispose its provider");

    private static Task WaitForThreadAsync(ChildProcess child, string prefix, string because) =>
        WaitForReplyAsync(() => child.RunAsync($"threads {prefix}"), "named=1 ", because);

    private static async Task WaitForReplyAsync(Func<Task<string>> ask, string prefix, string because)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (!(await ask()).StartsWith(prefix, StringComparison.Ordinal))
        {
            TimeProvider.System.GetElapsedTime(start).Should().BeLessThan(Patience, because);
            await Task.Delay(Pause, TimeProvider.System);
        }
    }
}
