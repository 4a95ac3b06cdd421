using System.CommandLine;
using System.ComponentModel;
using System.Diagnostics;
using Microsoft.Extensions.Logging;
using TokenRefresh.Hosting;

namespace TokenRefresh.Tool.Commands;

/// <summary>Runs a program with a fresh token in its environment.</summary>
internal static class RunCommand
{
    // As shells have them, beside the codes of the program itself.
    private const int CannotRun = 126;
    private const int NotFound = 127;

    internal static Command Create(ToolHost host)
    {
        var program = new Argument<string[]>("command")
        {
            Arity = ArgumentArity.OneOrMore,
            Description = "The program and its arguments, after --.",
        };
        program.Validators.Add(result => CommandLine.RefuseOption(result, "run"));
        var variable = new Option<string>("--variable")
        {
            Description = "The name of the environment variable that holds the token. Default ACCESS_TOKEN.",
            DefaultValueFactory = _ => "ACCESS_TOKEN",
        };
        variable.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is not { Length: > 0 } name || name.Contains('=', StringComparison.Ordinal))
            {
                result.AddError("'--variable' must be the name of an environment variable.");
            }
        });
        var quiet = new Option<bool>("--quiet") { Description = "Does not say when the token ends." };
        var keep = new Option<bool>("--keep-fresh") { Description = "Keeps the file fresh while the program runs, as keep-fresh does." };
        (Option<int> margin, Option<int> owner) = KeepFreshCommand.MarginOptions();
        var command = new Command("run", "Runs a program with a fresh token in its environment, and ends with its exit code.")
        {
            program, variable, quiet, keep, margin, owner,
        };
        command.SetProfileAction(
            host,
            async (parsed, profile, log) =>
            {
                TimeSpan? before = parsed.GetValue(keep) ? KeepFreshCommand.MarginOf(parsed, margin, owner) : null;
                AccessToken token;
                CoordinatedTokenProvider tokens = profile.CreateProvider(
                    log,
                    options => (options.RefreshBeforeExpiration, options.ExpirationSkew) = (TimeSpan.Zero, TimeSpan.FromMinutes(1)));
                await using (tokens.ConfigureAwait(false))
                {
                    token = await Waiting.ForAsync(tokens.GetAccessTokenAsync(), tokens, host).ConfigureAwait(false);
                }

                TokenFormats.WarnIfBound(token, host);
                using var stop = new CancellationTokenSource();
                Task keeping = before is { } ahead ? KeepAsync(profile, ahead, log, host, stop.Token) : Task.CompletedTask;
                try
                {
                    return await RunAsync(parsed, profile, token, host).ConfigureAwait(false);
                }
                finally
                {
                    await stop.CancelAsync().ConfigureAwait(false);
                    await keeping.ConfigureAwait(false);
                }
            });
        return command;

        async Task<int> RunAsync(ParseResult parsed, Profile profile, AccessToken token, ToolHost host)
        {
            string[] words = parsed.GetValue(program)!;
            string name = parsed.GetValue(variable)!;
            string path = Programs.Find(words[0]) ?? throw Missing(words[0]);
            var start = new ProcessStartInfo(path, words[1..]) { UseShellExecute = false };
            start.Environment[name] = token.Value;
            using var signals = new PassedSignals(host);
            using Process child = Start(start);
            signals.SetChild(child.Id);
            using var over = new CancellationTokenSource();
            Task telling = parsed.GetValue(quiet) ? Task.CompletedTask : TellAsync(profile, name, token.ExpiresAt, host, over.Token);
            await child.WaitForExitAsync().ConfigureAwait(false);
            signals.SetChild(null);
            await over.CancelAsync().ConfigureAwait(false);
            await telling.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return child.ExitCode;
        }
    }

    private static ToolException Missing(string program) => new($"There is no program '{program}'.", NotFound);

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw e.NativeErrorCode is 2 or 20
                ? Missing(start.FileName)
                : new ToolException($"'{start.FileName}' cannot be run: {e.Message}", CannotRun);
        }
    }

    private static async Task KeepAsync(Profile profile, TimeSpan margin, ToolLog? log, ToolHost host, CancellationToken end)
    {
        log ??= new ToolLog(host.Error, LogLevel.Warning, host.Time);
        CoordinatedTokenProvider tokens = KeepFreshCommand.CreateProvider(profile, log, host.Time);
        await using (tokens.ConfigureAwait(false))
        {
            await new FreshKeeper(tokens, margin, log, host.Time).RunAsync(end).ConfigureAwait(false);
        }
    }

    // By the wall clock, once a minute: a timer stands still while the machine sleeps.
    private static async Task TellAsync(
        Profile profile, string variable, DateTimeOffset? expiresAt, ToolHost host, CancellationToken over)
    {
        if (expiresAt is not { } expiry)
        {
            return;
        }

        string command = profile.Command("token");
        DateTimeOffset now = host.Time.GetUtcNow();
        host.Error.WriteLine(
            $"token-refresh: the token in {variable} expires {Words.Moment(expiry, now)}. "
            + $"A program that runs longer asks '{command}' for each next one.");
        for (; now < expiry; now = host.Time.GetUtcNow())
        {
            var left = TimeSpan.FromSeconds(Math.Min(Math.Ceiling((expiry - now).TotalSeconds), 60));
            await Task.Delay(left, host.Time, over).ConfigureAwait(false);
        }

        host.Error.WriteLine($"token-refresh: the token in {variable} has expired. '{command}' prints a new one.");
    }
}
