using System.Text.Json;
using TokenRefresh.Tool.Storage;

namespace TokenRefresh.Tool;

/// <summary>Finds the login that is meant: an option counts before its environment variable, that before the configuration file.</summary>
internal static class Configuration
{
    /// <summary>What an option or its variable sets in place of the profile's member, which is an option of the library.</summary>
    internal static readonly (string Option, string Variable, string Member)[] Overrides =
    [
        ("--credentials", "TOKEN_REFRESH_CREDENTIALS", nameof(TokenRefreshOptions.CredentialsPath)),
        ("--token-endpoint", "TOKEN_REFRESH_TOKEN_ENDPOINT", nameof(TokenRefreshOptions.TokenEndpoint)),
        ("--client-id", "TOKEN_REFRESH_CLIENT_ID", nameof(TokenRefreshOptions.ClientId)),

        // No option: every user of the machine can read a command line.
        ("clientSecret", "TOKEN_REFRESH_CLIENT_SECRET", nameof(TokenRefreshOptions.ClientSecret)),
        ("postgresConnection", "TOKEN_REFRESH_POSTGRES", nameof(StoreSettings.PostgresConnection)),
        ("--store", "TOKEN_REFRESH_STORE", "store"),
        ("--keychain-service", "TOKEN_REFRESH_KEYCHAIN_SERVICE", nameof(StoreSettings.KeychainService)),
        ("--keychain-account", "TOKEN_REFRESH_KEYCHAIN_ACCOUNT", nameof(StoreSettings.KeychainAccount)),
        ("--postgres-file", "TOKEN_REFRESH_POSTGRES_FILE", nameof(StoreSettings.PostgresConnectionFile)),
        ("--postgres-table", "TOKEN_REFRESH_POSTGRES_TABLE", nameof(StoreSettings.PostgresTable)),
        ("--postgres-name", "TOKEN_REFRESH_POSTGRES_NAME", nameof(StoreSettings.PostgresName)),
    ];

    private const string ProfileVariable = "TOKEN_REFRESH_PROFILE";
    private const string FileVariable = "TOKEN_REFRESH_CONFIG";

    /// <summary>Reads the configuration.</summary>
    /// <param name="host">The environment.</param>
    /// <param name="option">The value of an option of the command line, or <see langword="null"/>.</param>
    /// <exception cref="ToolException">It cannot be read, names no such profile, or has a wrong member.</exception>
    internal static Profile Read(ToolHost host, Func<string, string?> option)
    {
        string? given = option("--config") ?? host.Variable(FileVariable);
        if (given is { Length: 0 })
        {
            throw new ToolException("'--config' is empty. Name the configuration file, or leave it out.");
        }

        string path = given is null ? DefaultPath(host) : Path.GetFullPath(given);
        try
        {
            return Read(host, option, path, mustExist: given is not null);
        }
        catch (InvalidOperationException)
        {
            // All kinds of members were checked, so a string or name was read that is no text.
            throw new ToolException($"'{path}' holds half a character, such as '\\ud800'. Write it whole.");
        }
    }

    private static Profile Read(ToolHost host, Func<string, string?> option, string path, bool mustExist)
    {
        JsonElement file = ReadFile(path, mustExist);
        JsonElement profiles = Object(file, "profiles", path);
        string? wanted = option("--profile") ?? host.Variable(ProfileVariable) ?? DefaultProfile(file, path);
        string name = wanted ?? Only(profiles) ?? "default";
        JsonElement members = default;
        bool hasProfiles = profiles.ValueKind == JsonValueKind.Object && profiles.EnumerateObject().Any();
        if (hasProfiles && !profiles.TryGetProperty(name, out members))
        {
            throw new ToolException(
                (wanted is null ? $"'{path}' has several profiles." : $"There is no profile '{name}' in '{path}'.")
                + $" Name one of {Names(profiles)} by '--profile' or '{ProfileVariable}', or as 'defaultProfile' in that file.");
        }

        if (!hasProfiles && wanted is not null)
        {
            throw new ToolException($"There is no profile '{name}': '{path}' does not exist or has no profiles. Add it there.");
        }

        var overrides = new List<(string, string)>();
        foreach ((string key, string variable, _) in Overrides)
        {
            if ((option(key) ?? host.Variable(variable)) is { } value)
            {
                overrides.Add((key, value));
            }
        }

        if (overrides.Count == 0 && !hasProfiles && !File.Exists(path))
        {
            throw new ToolException(
                $"No login is configured: there is no '{path}'. Write a profile there, or give '--credentials', '--token-endpoint' and "
                + "'--client-id'.");
        }

        return new Profile(Words.Printable(name), path, members, overrides, option, host.Time);
    }

    /// <summary>The file that is read where none is named: <c>token-refresh/config.json</c> in the user's configuration folder.</summary>
    internal static string DefaultPath(ToolHost host)
    {
        string folder = host.Variable("XDG_CONFIG_HOME")
            ?? Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData, Environment.SpecialFolderOption.DoNotVerify);
        return Path.Join(folder, "token-refresh", "config.json");
    }

    private static JsonElement ReadFile(string path, bool mustExist)
    {
        if (!File.Exists(path))
        {
            return !mustExist ? default : throw new ToolException(
                $"There is no file '{path}', which '--config' or '{FileVariable}' names.");
        }

        try
        {
            using var document = JsonDocument.Parse(
                File.ReadAllBytes(path),
                new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            JsonElement root = document.RootElement.Clone();
            if (root.ValueKind != JsonValueKind.Object)
            {
                throw new ToolException($"'{path}' must hold an object with the member 'profiles'.");
            }

            foreach (JsonProperty member in root.EnumerateObject())
            {
                if (member.Name is not ("profiles" or "defaultProfile"))
                {
                    throw new ToolException($"'{path}': '{member.Name}' is not known, only 'profiles' and 'defaultProfile' are.");
                }
            }

            return root;
        }
        catch (JsonException e)
        {
            throw new ToolException($"'{path}' is no valid JSON: see line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ToolException(
                $"'{path}' cannot be read: {e.Message.TrimEnd('.')}. Give this user read access to it, or name another one by '--config'.");
        }
    }

    private static JsonElement Object(JsonElement file, string member, string path)
    {
        JsonElement value = default;
        if (file.ValueKind == JsonValueKind.Object && file.TryGetProperty(member, out value))
        {
            bool isWell = value.ValueKind == JsonValueKind.Object
                && value.EnumerateObject().All(entry => entry.Value.ValueKind == JsonValueKind.Object);
            return isWell ? value : throw new ToolException($"'{path}': '{member}' must be an object of named profiles.");
        }

        return value;
    }

    private static string? DefaultProfile(JsonElement file, string path)
    {
        if (file.ValueKind != JsonValueKind.Object || !file.TryGetProperty("defaultProfile", out JsonElement name))
        {
            return null;
        }

        return name.ValueKind == JsonValueKind.String
            ? name.GetString()
            : throw new ToolException($"'{path}': 'defaultProfile' must be the name of a profile.");
    }

    private static string? Only(JsonElement profiles)
    {
        string? only = null;
        if (profiles.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty profile in profiles.EnumerateObject())
            {
                if (only is not null)
                {
                    return null;
                }

                only = profile.Name;
            }
        }

        return only;
    }

    private static string Names(JsonElement profiles) =>
        string.Join(", ", profiles.EnumerateObject().Select(profile => $"'{profile.Name}'"));
}
