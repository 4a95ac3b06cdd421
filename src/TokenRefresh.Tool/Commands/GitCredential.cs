using System.Globalization;

namespace TokenRefresh.Tool.Commands;

/// <summary>A credential helper of git (gitcredentials): the access token is the password.</summary>
internal static class GitCredential
{
    internal static async Task<int> AnswerAsync(ToolHost host, CoordinatedTokenProvider tokens, string operation)
    {
        Dictionary<string, string> asked = ReadAttributes(host);
        switch (operation)
        {
            case "get":
                AccessToken token = await Waiting.ForAsync(tokens.GetAccessTokenAsync(), tokens, host).ConfigureAwait(false);
                TokenFormats.WarnIfBound(token, host);
                host.Out.WriteLine($"username={asked.GetValueOrDefault("username", "oauth2")}");
                host.Out.WriteLine($"password={token.Value}");
                if (token.ExpiresAt is { } expiry)
                {
                    host.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"password_expiry_utc={expiry.ToUnixTimeSeconds()}"));
                }

                return ExitCode.Healthy;

            // Git says so when the server has rejected the password. What no header may carry was never a token of this login.
            case "erase" when asked.TryGetValue("password", out string? rejected) && AccessToken.CanBeSent(rejected):
                await tokens.RefreshAccessTokenAsync(new AccessToken(rejected)).ConfigureAwait(false);
                return ExitCode.Healthy;

            case "store" or "erase":
                return ExitCode.Healthy;

            default:
                throw new ToolException($"'{operation}' is no operation of a git credential helper. Git appends get, store or erase.");
        }
    }

    private static Dictionary<string, string> ReadAttributes(ToolHost host)
    {
        var attributes = new Dictionary<string, string>(StringComparer.Ordinal);
        while (!host.IsInputTerminal && host.In.ReadLine() is { Length: > 0 } line)
        {
            if (line.IndexOf('=', StringComparison.Ordinal) is > 0 and var at)
            {
                attributes[line[..at]] = line[(at + 1)..];
            }
        }

        return attributes;
    }
}
