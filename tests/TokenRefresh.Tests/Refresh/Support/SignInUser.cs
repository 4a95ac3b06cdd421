using System.Threading.Channels;
using TokenRefresh.TestKit.Logins;

namespace TokenRefresh.Tests.Refresh;

/// <summary>The user, who is shown a browser for each time that a sign-in asks.</summary>
internal sealed class SignInUser
{
    private readonly Channel<Browser> _browsers = Channel.CreateUnbounded<Browser>();

    internal bool HeedsItsToken { get; init; } = true;

    internal bool HasBeenAsked => _browsers.Reader.Count > 0;

    internal Task<OAuthCredentials> AskAsync(CancellationToken cancellationToken)
    {
        var browser = new Browser(cancellationToken);
        _browsers.Writer.TryWrite(browser);
        return HeedsItsToken ? browser.Login.WaitAsync(cancellationToken) : browser.Login;
    }

    internal Task<Browser> NextAsync() =>
        _browsers.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System);

    internal sealed class Browser
    {
        private readonly TaskCompletionSource<OAuthCredentials> _login = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal Browser(CancellationToken cancellationToken) => cancellationToken.Register(() => _closed.TrySetResult());

        internal Task<OAuthCredentials> Login => _login.Task;

        internal Task Closed => _closed.Task;

        internal OAuthCredentials SignIn(SharedLogin login)
        {
            OAuthCredentials made = login.Server.IssueLogin().Credentials;
            _login.SetResult(made);
            return made;
        }

        internal void Fail(Exception failure) => _login.SetException(failure);
    }
}
