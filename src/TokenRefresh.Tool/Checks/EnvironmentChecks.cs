using TokenRefresh.Tool.Storage;

namespace TokenRefresh.Tool.Checks;

/// <summary>Looks at the environment variables that change what programs do.</summary>
internal static class EnvironmentChecks
{
    // Clients take a token from these in place of the file, each in the programs that know it.
    private static readonly string[] Tokens =
    [
        "CLAUDE_CODE_OAUTH_TOKEN", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_API_KEY", "OPENAI_API_KEY", "CODEX_API_KEY",
    ];

    private static readonly string[] Folders = ["CLAUDE_CONFIG_DIR", "CODEX_HOME"];
    private static readonly string[] Proxies = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];

    internal static IEnumerable<Finding> Look(ToolHost host, Profile profile)
    {
        foreach (string name in Tokens.Where(name => host.Variable(name) is not null))
        {
            yield return Finding.Note(
                "environment",
                $"'{name}' is set: programs that know it use that in place of this login, and others, such as an editor that was started "
                + "elsewhere, do not.",
                $"Unset '{name}' where this login is meant.");
        }

        foreach (string name in Folders)
        {
            if (profile.Store.Kind == StoreKind.File
                && host.Variable(name) is { } folder
                && profile.Options().CredentialsPath is { } path
                && !Path.GetFullPath(path).StartsWith(Path.GetFullPath(folder), StringComparison.Ordinal))
            {
                yield return Finding.Note(
                    "environment",
                    $"'{name}' is '{folder}', and this login is '{path}': programs that follow it use another file.",
                    $"Correct 'credentialsPath', or unset '{name}'.");
            }
        }

        foreach ((_, string variable, string member) in Configuration.Overrides)
        {
            if (host.Variable(variable) is not null && profile.HasMember(member))
            {
                yield return Finding.Note(
                    "environment",
                    $"'{variable}' is set and counts in place of what profile '{profile.Name}' says.",
                    $"Unset '{variable}'.");
            }
        }

        foreach (string name in Proxies)
        {
            if (host.Variable(name) is { } value)
            {
                string shown = Uri.TryCreate(value, UriKind.Absolute, out Uri? address) ? $"{address.Host}:{address.Port}" : "no address";
                yield return Finding.Note("proxy", $"'{name}' leads requests through {shown}. A program without it takes another way.");
            }
        }
    }
}
