using System.CommandLine;

namespace TokenRefresh.Tool.Commands;

/// <summary>Prints a valid access token, refreshed under the lock if that is needed.</summary>
internal static class TokenCommand
{
    internal static Command Create(ToolHost host)
    {
        var format = new Option<string>("--format")
        {
            Description = "What is printed: the token alone, its header, or what kubectl, git or a JSON reader takes. Default raw.",
            DefaultValueFactory = _ => "raw",
        };
        format.AcceptOnlyFromAmong("raw", "header", "kubectl", "git-credential", "json");
        Option<int> validFor = CommandLine.Number(
            "--valid-for", 60, 0, 600, "For how many seconds the token is valid at least, where its life is ten times that.");
        var operation = new Argument<string?>("operation")
        {
            Arity = ArgumentArity.ZeroOrOne,
            Description = "With --format git-credential: get, store or erase, as git appends it.",
        };
        operation.Validators.Add(result => CommandLine.RefuseOption(result, "token"));
        var command = new Command("token", "Prints a valid access token, a secret; refreshed under the lock if that is needed.")
        {
            operation, format, validFor,
        };
        command.SetProfileAction(
            host,
            async (parsed, profile, log) =>
            {
                // A short-lived process must wait for the refresh that a longer-lived one would make in the background.
                var skew = TimeSpan.FromSeconds(parsed.GetValue(validFor));
                CoordinatedTokenProvider tokens = profile.CreateProvider(
                    log,
                    options => (options.RefreshBeforeExpiration, options.ExpirationSkew) = (TimeSpan.Zero, skew));
                await using (tokens.ConfigureAwait(false))
                {
                    if (parsed.GetValue(format) == "git-credential")
                    {
                        return await GitCredential.AnswerAsync(host, tokens, parsed.GetValue(operation) ?? "get").ConfigureAwait(false);
                    }

                    if (parsed.GetValue(operation) is { } unknown)
                    {
                        throw new ToolException($"'{unknown}' is for '--format git-credential' only.");
                    }

                    AccessToken token = await Waiting.ForAsync(tokens.GetAccessTokenAsync(), tokens, host).ConfigureAwait(false);
                    TokenFormats.WarnIfBound(token, host);
                    host.Out.WriteLine(TokenFormats.Write(token, parsed.GetValue(format)!, host));
                    return ExitCode.Healthy;
                }
            });
        return command;
    }
}
