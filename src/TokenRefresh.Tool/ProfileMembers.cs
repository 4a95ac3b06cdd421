using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using TokenRefresh.Tool.Storage;

namespace TokenRefresh.Tool;

/// <summary>The members of a profile: the options of the library by their names, and those of a sign-in. Case does not matter.</summary>
internal static class ProfileMembers
{
    /// <summary>Sets one option.</summary>
    /// <returns>Whether there is such an option and it takes this value; otherwise <paramref name="problem"/> says what is wrong.</returns>
    internal static bool TrySet(
        TokenRefreshOptions options,
        SignInSettings signIn,
        StoreSettings store,
        string name,
        JsonElement value,
        [NotNullWhen(false)] out string? problem)
    {
        problem = null;
        switch (name.ToUpperInvariant())
        {
            case "CREDENTIALSPATH": options.CredentialsPath = Text(value, ref problem); break;
            case "LOCKPATH": options.LockPath = Text(value, ref problem); break;
            case "TOKENENDPOINT": options.TokenEndpoint = Address(value, ref problem); break;
            case "REVOCATIONENDPOINT": options.RevocationEndpoint = Address(value, ref problem); break;
            case "CLIENTID": options.ClientId = Text(value, ref problem); break;
            case "CLIENTSECRET": options.ClientSecret = Text(value, ref problem); break;
            case "CLIENTAUTHENTICATION": options.ClientAuthentication = Word<ClientAuthentication>(value, ref problem); break;
            case "MODE": options.Mode = Word<TokenRefreshMode>(value, ref problem); break;
            case "GRANT": options.Grant = Word<TokenGrant>(value, ref problem); break;
            case "REQUESTFORMAT": options.RequestFormat = Word<TokenRequestFormat>(value, ref problem); break;
            case "SCOPE": options.Scope = Text(value, ref problem); break;
            case "HEADERNAME": options.HeaderName = Text(value, ref problem) ?? ""; break;
            case "AUTHORIZATIONSCHEME": options.AuthorizationScheme = Text(value, ref problem) ?? ""; break;
            case "ALLOWINSECUREHTTP": options.AllowInsecureHttp = Flag(value, ref problem); break;
            case "ALLOWUNRELIABLELOCK": options.AllowUnreliableLock = Flag(value, ref problem); break;
            case "REFRESHBEFOREEXPIRATION": options.RefreshBeforeExpiration = Time(value, ref problem); break;
            case "EXPIRATIONSKEW": options.ExpirationSkew = Time(value, ref problem); break;
            case "REFRESHTIMEOUT": options.RefreshTimeout = Time(value, ref problem); break;
            case "ATTEMPTTIMEOUT": options.AttemptTimeout = Time(value, ref problem); break;
            case "SAVETIMEOUT": options.SaveTimeout = Time(value, ref problem); break;
            case "LOCKTIMEOUT": options.LockTimeout = Time(value, ref problem); break;
            case "REFRESHTOKENREUSEWINDOW": options.RefreshTokenReuseWindow = Time(value, ref problem); break;
            case "ADDITIONALPARAMETERS": Fill(options.AdditionalParameters, value, ref problem); break;
            case "ADDITIONALHEADERS": Fill(options.AdditionalHeaders, value, ref problem); break;
            case "COMPATIBLELOCKS": options.CompatibleLocks = Locks(value, ref problem); break;
            case "FILEFORMAT": options.FileFormat = Format(value, ref problem) ?? options.FileFormat; break;
            case "ISSUER": signIn.Issuer = Address(value, ref problem); break;
            case "AUTHORIZATIONENDPOINT": signIn.AuthorizationEndpoint = Address(value, ref problem); break;
            case "DEVICEAUTHORIZATIONENDPOINT": signIn.DeviceAuthorizationEndpoint = Address(value, ref problem); break;
            case "REDIRECTURI": signIn.RedirectUri = Address(value, ref problem); break;
            case "SIGNINSCOPE": signIn.Scope = Text(value, ref problem); break;
            case "STORE": store.Kind = Word<StoreKind>(value, ref problem); break;
            case "KEYCHAINSERVICE": store.KeychainService = Text(value, ref problem); break;
            case "KEYCHAINACCOUNT": store.KeychainAccount = Text(value, ref problem); break;
            case "KEYCHAINALLOWPROMPT": store.KeychainAllowPrompt = Flag(value, ref problem); break;
            case "KEYCHAINSTATEDIRECTORY": store.KeychainStateDirectory = FilePath(value, ref problem); break;
            case "KEYCHAINREADTIMEOUT": store.KeychainReadTimeout = Time(value, ref problem); break;
            case "KEYCHAINWRITETIMEOUT": store.KeychainWriteTimeout = Time(value, ref problem); break;
            case "POSTGRESCONNECTION": store.PostgresConnection = Text(value, ref problem); break;
            case "POSTGRESCONNECTIONFILE": store.PostgresConnectionFile = FilePath(value, ref problem); break;
            case "POSTGRESTABLE": store.PostgresTable = Text(value, ref problem); break;
            case "POSTGRESNAME": store.PostgresName = Text(value, ref problem); break;
            case "POSTGRESCREATETABLE": store.PostgresCreateTable = Flag(value, ref problem); break;
            case "POSTGRESCOMMANDTIMEOUT": store.PostgresCommandTimeout = Time(value, ref problem); break;
            case "POSTGRESKEYRING": store.PostgresKeyRing = FilePath(value, ref problem); break;
            case "POSTGRESAPPLICATION": store.PostgresApplication = Text(value, ref problem); break;
            default: problem = "is no option that a profile can set. docs/tool.md says which it can."; break;
        }

        return problem is null;
    }

    /// <summary>Sets what a command-line option or a variable says, whose names come from <see cref="Configuration"/>.</summary>
    internal static void Set(TokenRefreshOptions options, StoreSettings store, string name, string value)
    {
        switch (name)
        {
            case "--credentials": options.CredentialsPath = value; break;
            case "--token-endpoint": options.TokenEndpoint = Address(value) ?? throw NoAddress(name, value); break;
            case "--client-id": options.ClientId = value; break;
            case "--store": store.Kind = Kind(value) ?? throw NoStore(value); break;
            case "--keychain-service": store.KeychainService = value; break;
            case "--keychain-account": store.KeychainAccount = value; break;
            case "--postgres-table": store.PostgresTable = value; break;
            case "--postgres-name": store.PostgresName = value; break;

            // Either names the server alone, whatever the file says.
            case "--postgres-file" when value.Length == 0:
                throw new ToolException("'--postgres-file' is empty. Name the file that holds the connection string.");
            case "--postgres-file": (store.PostgresConnectionFile, store.PostgresConnection) = (value, null); break;
            case "postgresConnection": (store.PostgresConnection, store.PostgresConnectionFile) = (value, null); break;
            default: options.ClientSecret = value; break;
        }
    }

    private static ToolException NoAddress(string name, string value) =>
        new($"'{name}' is '{value}', which is no address. Write it in full, such as 'https://auth.example.com/token'.");

    private static ToolException NoStore(string value) => new($"'--store' is '{value}'. Use 'file', 'keychain' or 'postgres'.");

    private static StoreKind? Kind(string value) =>
        value.ToUpperInvariant() switch
        {
            "FILE" => StoreKind.File,
            "KEYCHAIN" => StoreKind.Keychain,
            "POSTGRES" => StoreKind.Postgres,
            _ => null,
        };

    private static string? Text(JsonElement value, ref string? problem)
    {
        problem = value.ValueKind == JsonValueKind.String ? null : "must be a string.";
        return problem is null ? value.GetString() : null;
    }

    private static string? FilePath(JsonElement value, ref string? problem)
    {
        string? path = Text(value, ref problem);
        problem ??= string.IsNullOrEmpty(path) || path.Contains('\0', StringComparison.Ordinal)
            ? "must be a path, not empty and without NUL characters."
            : null;
        return path;
    }

    private static bool Flag(JsonElement value, ref string? problem)
    {
        problem = value.ValueKind is JsonValueKind.True or JsonValueKind.False ? null : "must be true or false.";
        return value.ValueKind == JsonValueKind.True;
    }

    private static Uri? Address(JsonElement value, ref string? problem)
    {
        Uri? address = value.ValueKind == JsonValueKind.String ? Address(value.GetString()!) : null;
        problem = address is null ? "must be an address in full, such as 'https://auth.example.com/token'." : null;
        return address;
    }

    private static Uri? Address(string value) => Uri.TryCreate(value, UriKind.Absolute, out Uri? address) ? address : null;

    private static TimeSpan Time(JsonElement value, ref string? problem)
    {
        bool isTime = TimeSpan.TryParse(
            value.ValueKind == JsonValueKind.String ? value.GetString() : null,
            CultureInfo.InvariantCulture,
            out TimeSpan time);
        problem = isTime ? null : "must be a time such as '00:00:30', in hours, minutes and seconds.";
        return time;
    }

    private static T Word<T>(JsonElement value, ref string? problem)
        where T : struct, Enum
    {
        string[] names = Enum.GetNames<T>();
        int at = value.ValueKind == JsonValueKind.String
            ? Array.FindIndex(names, name => name.Equals(value.GetString(), StringComparison.OrdinalIgnoreCase))
            : -1;
        problem = at >= 0 ? null : $"must be one of {string.Join(", ", names.Select(name => $"'{name}'"))}.";
        return at >= 0 ? Enum.GetValues<T>()[at] : default;
    }

    private static void Fill(IDictionary<string, string> target, JsonElement value, ref string? problem)
    {
        if (value.ValueKind != JsonValueKind.Object || value.EnumerateObject().Any(m => m.Value.ValueKind != JsonValueKind.String))
        {
            problem = "must be an object whose members are strings.";
            return;
        }

        foreach (JsonProperty member in value.EnumerateObject())
        {
            target[member.Name] = member.Value.GetString()!;
        }
    }

    // One name, or the names that lead to the login.
    private static string[] Path(JsonElement value, ref string? problem)
    {
        if (value.ValueKind == JsonValueKind.String)
        {
            return [value.GetString()!];
        }

        bool isList = value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(name => name.ValueKind == JsonValueKind.String);
        problem = isList ? null : "must be a name, or a list of names.";
        return isList ? [.. value.EnumerateArray().Select(name => name.GetString()!)] : [];
    }

    private static IReadOnlyList<CompatibleLock>? Locks(JsonElement value, ref string? problem)
    {
        if (value.ValueKind == JsonValueKind.Array)
        {
            var locks = new List<CompatibleLock>();
            foreach (JsonElement item in value.EnumerateArray())
            {
                locks.Add(Lock(item, ref problem));
                if (problem is not null)
                {
                    return null;
                }
            }

            return locks;
        }

        string? name = value.ValueKind == JsonValueKind.String ? value.GetString()!.ToUpperInvariant() : null;
        problem = name is "CLAUDECODE" or "CODEX" ? null : "must be 'ClaudeCode', 'Codex', or a list of objects with a 'path'.";
        return name == "CODEX" ? CompatibleLock.Codex : CompatibleLock.ClaudeCode;
    }

    private static CompatibleLock Lock(JsonElement value, ref string? problem)
    {
        string? path = null;
        CompatibleLockKind kind = default;
        TimeSpan? stale = null;
        TimeSpan? heartbeat = null;
        foreach (JsonProperty member in value.ValueKind == JsonValueKind.Object ? value.EnumerateObject() : default)
        {
            switch (member.Name.ToUpperInvariant())
            {
                case "PATH": path = Text(member.Value, ref problem); break;
                case "KIND": kind = Word<CompatibleLockKind>(member.Value, ref problem); break;
                case "STALEAFTER": stale = Time(member.Value, ref problem); break;
                case "HEARTBEATINTERVAL": heartbeat = Time(member.Value, ref problem); break;
                default: problem = "is not known"; break;
            }

            if (problem is not null)
            {
                problem = $"has a lock whose '{member.Name}' {problem}";
                break;
            }
        }

        var defaults = new CompatibleLock(path ?? "");
        problem ??= path is null ? "has a lock without 'path'." : null;
        return new CompatibleLock(defaults.Path)
        {
            Kind = kind,
            StaleAfter = stale ?? defaults.StaleAfter,
            HeartbeatInterval = heartbeat ?? defaults.HeartbeatInterval,
        };
    }

    private static CredentialsFileFormat? Format(JsonElement value, ref string? problem)
    {
        if (value.ValueKind == JsonValueKind.Object)
        {
            return CustomFormat(value, ref problem);
        }

        CredentialsFileFormat? format = (value.ValueKind == JsonValueKind.String ? value.GetString()!.ToUpperInvariant() : null) switch
        {
            "AUTO" => CredentialsFileFormat.Auto,
            "CLAUDECODE" => CredentialsFileFormat.ClaudeCode,
            "FLATOAUTH" => CredentialsFileFormat.FlatOAuth,
            "CODEX" => CredentialsFileFormat.Codex,
            "GOOGLE" => CredentialsFileFormat.Google,
            "AWSSSO" => CredentialsFileFormat.AwsSso,
            _ => null,
        };
        problem = format is null
            ? "must be 'Auto', 'ClaudeCode', 'FlatOAuth', 'Codex', 'Google', 'AwsSso', or an object that names the members."
            : null;
        return format;
    }

    private static CredentialsFileFormat? CustomFormat(JsonElement value, ref string? problem)
    {
        var names = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        string[] section = [];
        CredentialsTimeUnit unit = default;
        foreach (JsonProperty member in value.EnumerateObject())
        {
            switch (member.Name.ToUpperInvariant())
            {
                case "SECTION": section = Path(member.Value, ref problem); break;
                case "TIMEUNIT": unit = Word<CredentialsTimeUnit>(member.Value, ref problem); break;
                default: names[member.Name] = Text(member.Value, ref problem) ?? ""; break;
            }

            if (problem is not null)
            {
                problem = $"has '{member.Name}', which {problem}";
                return null;
            }
        }

        var defaults = new CredentialsFileFormat();
        var format = new CredentialsFileFormat
        {
            Section = section,
            AccessTokenMember = Take(nameof(defaults.AccessTokenMember)) ?? defaults.AccessTokenMember,
            RefreshTokenMember = Take(nameof(defaults.RefreshTokenMember)) ?? defaults.RefreshTokenMember,
            ExpiresAtMember = Take(nameof(defaults.ExpiresAtMember)) ?? defaults.ExpiresAtMember,
            RefreshTokenExpiresAtMember = Take(nameof(defaults.RefreshTokenExpiresAtMember)),
            ScopesMember = Take(nameof(defaults.ScopesMember)),
            TokenTypeMember = Take(nameof(defaults.TokenTypeMember)),
            AccountIdMember = Take(nameof(defaults.AccountIdMember)),
            IdTokenMember = Take(nameof(defaults.IdTokenMember)),
            DPoPKeyMember = Take(nameof(defaults.DPoPKeyMember)),
            TimeUnit = unit,
        };
        problem = names.Count > 0 ? $"names '{names.Keys.First()}', which is no member of a format. docs/options.md lists them." : null;
        return format;

        string? Take(string name) => names.Remove(name, out string? text) ? text : null;
    }
}
