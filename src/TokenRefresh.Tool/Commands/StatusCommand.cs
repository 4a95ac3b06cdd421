using System.CommandLine;
using Spectre.Console;

namespace TokenRefresh.Tool.Commands;

/// <summary>Tells the state of the login. Only reads.</summary>
internal static class StatusCommand
{
    internal static Command Create(ToolHost host)
    {
        var json = new Option<bool>("--json") { Description = "Prints one JSON object." };
        var command = new Command("status", "Tells the state of the login. Never locks, refreshes or writes.") { json };
        command.SetProfileAction(
            host,
            async (parsed, profile, log) =>
            {
                CoordinatedTokenProvider tokens = profile.CreateProvider(log);
                await using (tokens.ConfigureAwait(false))
                {
                    TokenRefreshStatus status = await tokens.GetStatusAsync().ConfigureAwait(false);
                    int code = await ExitCode.OfAsync(status, profile).ConfigureAwait(false);
                    if (parsed.GetValue(json))
                    {
                        host.Out.WriteLine(Json(profile, status));
                    }
                    else
                    {
                        Show(profile, status, code, host);
                    }

                    return code;
                }
            });
        return command;
    }

    private static string Json(Profile profile, TokenRefreshStatus status) => TokenFormats.Json(writer =>
    {
        writer.WriteString("profile", profile.Name);
        writer.WriteString("state", status.State.ToString());
        writer.WriteBoolean("healthy", ExitCode.Of(status) == ExitCode.Healthy);
        writer.WriteString("location", status.Location);
        TokenFormats.WriteTime(writer, "accessTokenExpiresAt", status.AccessTokenExpiresAt);
        TokenFormats.WriteTime(writer, "refreshTokenExpiresAt", status.RefreshTokenExpiresAt);
        TokenFormats.WriteTime(writer, "lastRefreshAt", status.LastRefreshAt);
        TokenFormats.WriteTime(writer, "retryAt", status.RetryAt);
        if (status.DPoPKeyThumbprint is { } thumbprint)
        {
            writer.WriteString("dpopKeyThumbprint", thumbprint);
        }

        if (status.LockHolder is { } holder)
        {
            writer.WriteStartObject("lockHolder");
            writer.WriteNumber("processId", holder.ProcessId);
            writer.WriteString("processName", holder.ProcessName);
            writer.WriteString("host", holder.Host);
            TokenFormats.WriteTime(writer, "since", holder.Since);
            writer.WriteEndObject();
        }

        if (status.Problem is { } problem)
        {
            writer.WriteString("problem", profile.WithCommands(Words.OfTool(problem, profile.Store.Kind)));
        }
    });

    private static void Show(Profile profile, TokenRefreshStatus status, int code, ToolHost host)
    {
        DateTimeOffset now = host.Time.GetUtcNow();
        Screen screen = Screen.Of(host);
        Color colour = code == ExitCode.Healthy ? Color.Green : code == ExitCode.TryLater ? Color.Yellow : Color.Red;
        screen.Line($"{profile.Name}: {Words.State(status)}", colour);
        screen.Row(Words.Of(profile.Store.Kind), status.Location);
        if (status.AccessTokenExpiresAt is { } expiry)
        {
            screen.Row("access token", $"{(expiry >= now ? "expires" : "expired")} {Words.Moment(expiry, now)}");
        }

        if (status.RefreshTokenExpiresAt is { } end)
        {
            screen.Row("refresh token", $"{(end >= now ? "expires" : "expired")} {Words.Moment(end, now)}");
        }

        if (status.DPoPKeyThumbprint is { } thumbprint)
        {
            screen.Row("key", $"bound to {thumbprint}");
        }

        if (status.LastRefreshAt is { } refreshed)
        {
            screen.Row("last refresh", Words.Moment(refreshed, now));
        }

        if (status.RetryAt is { } retry)
        {
            screen.Row("next attempt", Words.Moment(retry, now));
        }

        if (status.LockHolder is { } holder)
        {
            screen.Row("lock", $"held by process {holder} on {holder.Host} since {Words.Moment(holder.Since, now)}");
        }

        if (status.Problem is { } problem)
        {
            screen.Row("problem", profile.WithCommands(Words.OfTool(problem, profile.Store.Kind)));
        }
    }
}
