using System.CommandLine;

namespace TokenRefresh.Tool.Commands;

/// <summary>Removes the login, for all programs that share it.</summary>
internal static class LogoutCommand
{
    internal static Command Create(ToolHost host)
    {
        var command = new Command("logout", "Removes the login from its store, and revokes it where 'revocationEndpoint' is set.");
        command.SetProfileAction(
            host,
            async (_, profile, log) =>
            {
                CoordinatedTokenProvider tokens = profile.CreateProvider(log);
                await using (tokens.ConfigureAwait(false))
                {
                    await tokens.RemoveAsync().ConfigureAwait(false);
                    TokenRefreshStatus status = await tokens.GetStatusAsync().ConfigureAwait(false);
                    bool isRevoked = profile.Options().RevocationEndpoint is not null;
                    host.Out.WriteLine(
                        $"Signed out: {Words.Place(status.Location)}"
                        + (isRevoked ? "." : ". The server was not told: set 'revocationEndpoint'."));
                    return ExitCode.Healthy;
                }
            });
        return command;
    }
}
