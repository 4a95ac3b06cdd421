namespace TokenRefresh.Tool;

/// <summary>The exit codes, as docs/tool.md lists them for scripts.</summary>
internal static class ExitCode
{
    internal const int Healthy = 0;

    /// <summary>Something unexpected, or doctor found what must be put right.</summary>
    internal const int Failed = 1;

    /// <summary>The command line or the configuration is wrong.</summary>
    internal const int Usage = 2;

    /// <summary>The user must sign in.</summary>
    internal const int SignIn = 3;

    /// <summary>No token can be had for the moment; the login is not lost.</summary>
    internal const int TryLater = 4;

    /// <summary>The credentials file or its lock cannot be used.</summary>
    internal const int File = 5;

    internal const int Interrupted = 130;

    internal static int Of(Exception error) => error switch
    {
        ToolException tool => tool.ExitCode,
        SignInRequiredException or NotRefreshableException => SignIn,
        TokenRefreshException { IsTransient: true } => TryLater,
        TokenRefreshConfigurationException => Usage,
        CredentialsFileException or LockUnavailableException => File,
        OperationCanceledException => Interrupted,
        _ => Failed,
    };

    /// <summary>The code of a state: for a login that is not usable, the one with which a command fails that needs a token.</summary>
    internal static async Task<int> OfAsync(TokenRefreshStatus status, Profile profile)
    {
        if (status.State is not (TokenRefreshState.Unreadable or TokenRefreshState.ExpiredNotRefreshable))
        {
            return Of(status);
        }

        (OAuthCredentials? login, TokenRefreshException? failure) = await profile.ReadLoginAsync().ConfigureAwait(false);
        bool isOfWrongKind = status.State == TokenRefreshState.ExpiredNotRefreshable
            && login is not null
            && (login.RefreshToken is not null || (login.Key is null && AccessToken.IsBoundToKey(login.TokenType)));
        return failure is not null ? Of(failure) : isOfWrongKind ? Usage : Of(status);
    }

    internal static int Of(TokenRefreshStatus status) => status.State switch
    {
        TokenRefreshState.SignedIn or TokenRefreshState.ExpiredButRefreshable => status.Problem is null ? Healthy : File,
        TokenRefreshState.CoolingDown or TokenRefreshState.OutcomeUnknown or TokenRefreshState.AwaitingOwner => TryLater,
        TokenRefreshState.Unreadable => File,
        _ => SignIn,
    };
}
