using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Microsoft.Extensions.Logging;
using TokenRefresh.Tool.Commands;
using TokenRefresh.Tool.Storage;

namespace TokenRefresh.Tool;

/// <summary>The commands and options, and what runs for them.</summary>
internal static class CommandLine
{
    private static readonly (string Name, Func<ToolHost, Command> Create)[] Commands =
    [
        ("token", TokenCommand.Create),
        ("status", StatusCommand.Create),
        ("refresh", RefreshCommand.Create),
        ("keep-fresh", KeepFreshCommand.Create),
        ("run", RunCommand.Create),
        ("login", LoginCommand.Create),
        ("logout", LogoutCommand.Create),
        ("migrate", MigrateCommand.Create),
        ("doctor", DoctorCommand.Create),
        ("watch", WatchCommand.Create),
    ];

    /// <summary>Runs the command that the arguments name.</summary>
    /// <returns>The exit code.</returns>
    internal static async Task<int> RunAsync(string[] args, ToolHost host)
    {
        // Signals are left to the library, which lets a token request end and be saved, and to the commands that run until they are ended.
        var invocation = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
        if (ParseNamed(args, host) is { Errors.Count: 0 } named)
        {
            return await named.InvokeAsync(invocation).ConfigureAwait(false);
        }

        ParseResult parsed = Build(host).Parse(args);
        (invocation.Output, invocation.Error) = (host.Out, host.Error);
        int code = await parsed.InvokeAsync(invocation).ConfigureAwait(false);
        return parsed.Errors.Count > 0 ? ExitCode.Usage : code;
    }

    /// <summary>Lets a command run for the profile that is meant, and turns what it throws into a message and an exit code.</summary>
    internal static void SetProfileAction(this Command command, ToolHost host, Func<ParseResult, Profile, ToolLog?, Task<int>> run) =>
        command.SetAction(async parsed =>
        {
            Profile? profile = null;
            try
            {
                profile = Configuration.Read(host, name => ValueOf(parsed, name));
                ToolLog? log = parsed.GetValue<bool>("--verbose") ? new ToolLog(host.Error, LogLevel.Debug, host.Time) : null;
                return await run(parsed, profile, log).ConfigureAwait(false);
            }
            catch (ToolException e)
            {
                host.Error.WriteLine(Words.Printable($"token-refresh: {profile?.WithCommands(e.Message) ?? e.Message}"));
                return e.ExitCode;
            }
            catch (TokenRefreshException e)
            {
                int code = ExitCode.Of(e);
                string message = Words.OfTool(e.Message, profile?.OpenedStore?.Kind ?? StoreKind.File);
                bool isToSignIn = code == ExitCode.SignIn && !message.Contains("'token-refresh ", StringComparison.Ordinal);
                message = isToSignIn ? $"{message} Run 'token-refresh login'." : message;
                host.Error.WriteLine(Words.Printable($"token-refresh: {profile?.WithCommands(message) ?? message}"));
                return code;
            }
            catch (Exception e)
            {
                host.Error.WriteLine(Words.Printable($"token-refresh: {e.GetType().Name}: {e.Message}"));
                return ExitCode.Of(e);
            }
            finally
            {
                if (profile?.OpenedStore is { } store)
                {
                    await store.DisposeAsync().ConfigureAwait(false);
                }
            }
        });

    /// <summary>Refuses a mistyped option, which is taken for an argument.</summary>
    internal static void RefuseOption(ArgumentResult result, string command)
    {
        if (result.Tokens.Count > 0 && result.Tokens[0].Value.StartsWith('-'))
        {
            result.AddError($"'{result.Tokens[0].Value}' is no option of '{command}'. '--help' lists them.");
        }
    }

    /// <summary>An option that takes a whole number of a range.</summary>
    internal static Option<int> Number(string name, int byDefault, int least, int most, string description) => new(name)
    {
        Description = $"{description} {least} to {most}, default {byDefault}.",
        DefaultValueFactory = _ => byDefault,
        CustomParser = result =>
        {
            if (int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out int value)
                && value >= least
                && value <= most)
            {
                return value;
            }

            result.AddError($"'{name}' must be a whole number from {least} to {most}.");
            return default;
        },
    };

    // A root with all commands and their help would take half as long again as `token` with a valid token does.
    private static ParseResult? ParseNamed(string[] args, ToolHost host)
    {
        if (args.Length == 0 || AsksForHelp(args) || Array.Find(Commands, command => command.Name == args[0]) is not { Create: { } create })
        {
            return null;
        }

        Command command = create(host);
        AddGlobal(command);
        return command.Parse(args[1..]);
    }

    // A command alone knows no help. What stands behind a program's name is that program's.
    private static bool AsksForHelp(string[] args)
    {
        for (var i = 1; i < args.Length && args[i].StartsWith('-') && args[i] != "--"; i++)
        {
            if (args[i] is "--help" or "-h" or "-?")
            {
                return true;
            }
        }

        return false;
    }

    private static RootCommand Build(ToolHost host)
    {
        var root = new RootCommand(
            "Shares one OAuth login with all programs that use it, in a file, keychain or database: one token request per expiry.");
        foreach ((_, Func<ToolHost, Command> create) in Commands)
        {
            root.Add(create(host));
        }

        AddGlobal(root);
        return root;
    }

    private static void AddGlobal(Command root)
    {
        AddGlobal(root, "--profile", "Which login of the configuration file is meant. Variable TOKEN_REFRESH_PROFILE.");
        AddGlobal(root, "--config", "The configuration file. Variable TOKEN_REFRESH_CONFIG.");
        AddGlobal(root, "--credentials", "The credentials file. Variable TOKEN_REFRESH_CREDENTIALS.");
        AddGlobal(root, "--token-endpoint", "Where refresh tokens go. Variable TOKEN_REFRESH_TOKEN_ENDPOINT.");
        AddGlobal(root, "--client-id", "The client as the server knows it. Variable TOKEN_REFRESH_CLIENT_ID.");
        AddGlobal(root, "--store", "Where the login is kept: file, keychain or postgres. Variable TOKEN_REFRESH_STORE.");
        AddGlobal(root, "--keychain-service", "The item's service in the keychain. Variable TOKEN_REFRESH_KEYCHAIN_SERVICE.");
        AddGlobal(root, "--keychain-account", "The item's account in the keychain. Variable TOKEN_REFRESH_KEYCHAIN_ACCOUNT.");
        AddGlobal(root, "--postgres-file", "The file with the connection string. Variable TOKEN_REFRESH_POSTGRES_FILE.");
        AddGlobal(root, "--postgres-table", "The table, or schema.table. Variable TOKEN_REFRESH_POSTGRES_TABLE.");
        AddGlobal(root, "--postgres-name", "The name of the login's row. Variable TOKEN_REFRESH_POSTGRES_NAME.");
        root.Add(new Option<bool>("--verbose") { Recursive = true, Description = "Says on standard error what happens. Shows no secret." });
    }

    private static void AddGlobal(Command root, string name, string description) =>
        root.Add(new Option<string?>(name) { Recursive = true, Description = description });

    private static string? ValueOf(ParseResult parsed, string name) =>
        name.StartsWith('-') ? parsed.GetValue<string?>(name) : null;
}
