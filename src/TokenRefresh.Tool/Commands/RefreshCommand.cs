using System.CommandLine;

namespace TokenRefresh.Tool.Commands;

/// <summary>Replaces an access token that a resource has rejected, though it is not expired.</summary>
internal static class RefreshCommand
{
    internal static Command Create(ToolHost host)
    {
        var fromInput = new Option<bool>("--rejected-from-stdin")
        {
            Description = "Reads the rejected token from standard input; nothing is sent if another one is stored by now.",
        };
        var command = new Command(
            "refresh",
            "Replaces the access token that a resource has rejected. Prints no token. After three in a row, pauses follow.")
        {
            fromInput,
        };
        command.SetProfileAction(
            host,
            async (parsed, profile, log) =>
            {
                string? given = parsed.GetValue(fromInput) ? (await host.In.ReadLineAsync().ConfigureAwait(false))?.Trim() : null;
                if (given is { Length: 0 } || (given is null && parsed.GetValue(fromInput)))
                {
                    throw new ToolException(
                        "'--rejected-from-stdin' was given no token. Without it, the present token counts as rejected.");
                }

                int refreshes = 0;
                CoordinatedTokenProvider tokens = profile.CreateProvider(log, options => options.Events.Refreshed = _ =>
                {
                    refreshes++;
                    return default;
                });
                AccessToken next;
                await using (tokens.ConfigureAwait(false))
                {
                    next = await Waiting.ForAsync(NextAsync(tokens, given), tokens, host).ConfigureAwait(false);
                }

                // The callbacks have run once the provider is disposed.
                host.Out.WriteLine(
                    $"{(refreshes > 0 ? "Refreshed" : "Another token was stored by now; nothing was sent")}: "
                    + $"the access token expires {Words.Moment(next.ExpiresAt, host.Time.GetUtcNow())}.");
                return ExitCode.Healthy;
            });
        return command;
    }

    private static async ValueTask<AccessToken> NextAsync(CoordinatedTokenProvider tokens, string? given)
    {
        if (given is not null)
        {
            return await tokens.RefreshAccessTokenAsync(new AccessToken(given)).ConfigureAwait(false);
        }

        // A token that is expired is refreshed by this alone.
        TokenRefreshStatus status = await tokens.GetStatusAsync().ConfigureAwait(false);
        AccessToken token = await tokens.GetAccessTokenAsync().ConfigureAwait(false);
        return status.State == TokenRefreshState.SignedIn ? await tokens.RefreshAccessTokenAsync(token).ConfigureAwait(false) : token;
    }
}
