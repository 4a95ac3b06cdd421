using System.CommandLine;
using Microsoft.Extensions.Logging;
using TokenRefresh.Hosting;

namespace TokenRefresh.Tool.Commands;

/// <summary>Keeps a login fresh until it is ended.</summary>
internal static class KeepFreshCommand
{
    internal static Command Create(ToolHost host)
    {
        (Option<int> margin, Option<int> owner) = MarginOptions();
        var command = new Command(
            "keep-fresh",
            "Refreshes ahead of the programs that own the file, so that they never refresh by themselves. Runs until it is ended.")
        {
            margin, owner,
        };
        command.SetProfileAction(
            host,
            async (parsed, profile, log) =>
            {
                TimeSpan before = MarginOf(parsed, margin, owner);
                log ??= new ToolLog(host.Error, LogLevel.Information, host.Time);
                using var end = new EndSignals();
                CoordinatedTokenProvider tokens = CreateProvider(profile, log, host.Time);
                await using (tokens.ConfigureAwait(false))
                {
                    TokenRefreshStatus status = await tokens.GetStatusAsync().ConfigureAwait(false);
                    log.Write(
                        $"Keeping {Words.Place(status.Location)} fresh, {Words.Length(before)} ahead of each expiry; "
                        + "the access token expires " + Words.Moment(status.AccessTokenExpiresAt, host.Time.GetUtcNow()));
                    await new FreshKeeper(tokens, before, log, host.Time).RunAsync(end.Token).ConfigureAwait(false);
                }

                log.Write("Ended");
                return ExitCode.Healthy;
            });
        return command;
    }

    internal static (Option<int> Margin, Option<int> Owner) MarginOptions() =>
    (
        CommandLine.Number(
            "--margin", 10, 1, 1440, "How many minutes before its expiry a token is replaced, or up to a fifth later."),
        CommandLine.Number(
            "--owner-margin", 5, 0, 1440, "How many minutes before its expiry the owner of the file replaces a token by itself.")
    );

    /// <summary>Makes the provider for a keeper, which refreshes earlier than it would by itself.</summary>
    internal static CoordinatedTokenProvider CreateProvider(Profile profile, ToolLog log, TimeProvider time) =>
        profile.CreateProvider(
            log,
            options =>
            {
                options.RefreshBeforeExpiration = TimeSpan.Zero;
                if (log.IsEnabled(LogLevel.Information))
                {
                    options.Events.Adopted = adopted =>
                    {
                        log.Write($"Took tokens that others stored; they expire {Words.Moment(adopted.ExpiresAt, time.GetUtcNow())}");
                        return default;
                    };
                }
            },
            time);

    /// <exception cref="ToolException">The owner would be first.</exception>
    internal static TimeSpan MarginOf(ParseResult parsed, Option<int> margin, Option<int> owner)
    {
        int ours = parsed.GetValue(margin);
        int theirs = parsed.GetValue(owner);
        return ours * (1 - FreshKeeper.Spread) > theirs
            ? TimeSpan.FromMinutes(ours)
            : throw new ToolException(
                $"With '--margin' {ours}, tokens are replaced {ours * (1 - FreshKeeper.Spread):0.#} to {ours} minutes ahead, and the owner "
                + $"does so {theirs} minutes ahead ('--owner-margin'). "
                + $"Use a margin of {(int)(theirs / (1 - FreshKeeper.Spread)) + 1} minutes or more.");
    }
}
