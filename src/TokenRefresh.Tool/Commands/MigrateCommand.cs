using System.CommandLine;
using TokenRefresh.Tool.Migration;
using TokenRefresh.Tool.Storage;

namespace TokenRefresh.Tool.Commands;

/// <summary>Moves the login to another store.</summary>
internal static class MigrateCommand
{
    internal static Command Create(ToolHost host)
    {
        var to = new Option<string>("--to") { Required = true, Description = "Where to: file, keychain or postgres." };
        to.AcceptOnlyFromAmong("file", "keychain", "postgres");
        var command = new Command(
            "migrate",
            "Moves the login from its store ('--store') to another one. Interrupted, it can be run again, and goes on.") { to };
        command.SetProfileAction(
            host,
            async (parsed, profile, log) =>
            {
                StoreKind kind = Enum.Parse<StoreKind>(parsed.GetValue(to)!, ignoreCase: true);
                string name = parsed.GetValue(to)!;
                TokenRefreshOptions options = profile.Options();
                if (kind == profile.Store.Kind)
                {
                    throw new ToolException($"'--store' and '--to' are both '{name}'. Name the store that has the login by '--store'.");
                }

                if (options.Mode != TokenRefreshMode.Refresh)
                {
                    throw new ToolException(
                        $"'mode' of profile '{profile.Name}' is '{options.Mode}': its login is another program's, and is not moved.");
                }

                // A second signal ends it at once; then the same command goes on.
                using var end = new EndSignals();
                LoginStore source = LoginStore.Open(profile.Store.Kind, profile, log);
                await using (source.ConfigureAwait(false))
                {
                    LoginStore target = LoginStore.Open(kind, profile, log, await FormatOfAsync(source).ConfigureAwait(false));
                    await using (target.ConfigureAwait(false))
                    {
                        bool isMoved = await new LoginMove(source, target, options, host.Time).RunAsync(end.Token).ConfigureAwait(false);
                        (string from, string there) = (Words.Place(source.Store.Location), Words.Place(target.Store.Location));
                        host.Out.WriteLine(
                            (isMoved ? $"Moved from {from} to {there}. " : $"Nothing to do: {from} has no login, and {there} has one. ")
                            + (File.Exists(profile.File)
                                ? $"Set 'store' to '{name}' in profile '{profile.Name}' of '{profile.File}', and in all programs that "
                                    + "share the login."
                                : $"Give '--store {name}' in all programs that share the login."));
                        return ExitCode.Healthy;
                    }
                }
            });
        return command;
    }

    // A new document gets the format of the old one. What cannot be read has none, and fails with its reason under the lease.
    private static async Task<CredentialsFileFormat?> FormatOfAsync(LoginStore source)
    {
        try
        {
            ReadOnlyMemory<byte> document = await source.ReadDocumentAsync().ConfigureAwait(false);
            var read = Stores.Json.CredentialsDocument.Parse(document, source.Format);
            return read.Credentials is null ? null : read.Format;
        }
        catch (CredentialsFileException)
        {
            return null;
        }
    }
}
