using System.Globalization;
using TokenRefresh.Tool.Storage;

namespace TokenRefresh.Tool;

/// <summary>How times and states are said to a person.</summary>
internal static class Words
{
    // What the packages of the stores call what has another name here.
    private static readonly (string Name, string Here)[] OfStores =
    [
        ("Service", "--keychain-service"),
        ("Account", "--keychain-account"),
        ("AllowPrompt", "keychainAllowPrompt"),
        ("ReadTimeout", "keychainReadTimeout"),
        ("WriteTimeout", "keychainWriteTimeout"),
        ("StateDirectory", "keychainStateDirectory"),
        ("CommandTimeout", "postgresCommandTimeout"),
        ("CreateTable", "postgresCreateTable"),
        ("DataProtection", "postgresKeyRing"),
        ("Table", "--postgres-table"),
        ("Name", "--postgres-name"),
    ];

    // What the library advises to programs, and what a user of the tool can do.
    private static readonly (string Advice, string Here)[] OfPrograms =
    [
        ("set 'CreateTable', or run 'CreateTableSql' in a migration", "set 'postgresCreateTable' to true in the profile"),
        ("Sign in with a key ('DPoPKey'), or", "'login' makes no key: sign in with a program that does, or"),
        ("otherwise sign in with one.", "otherwise sign in with a program that makes one; 'login' does not."),
        (" ('DPoPKey')", ""),
        (", or supply a store of your own", ""),
    ];

    /// <summary>Says a moment in UTC, and how far it is away.</summary>
    internal static string Moment(DateTimeOffset? moment, DateTimeOffset now)
    {
        if (moment is not { } known)
        {
            return "at an unknown time";
        }

        string distance = known >= now ? $"in {Length(known - now)}" : $"{Length(now - known)} ago";
        return string.Create(CultureInfo.InvariantCulture, $"{known.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z ({distance})");
    }

    /// <summary>Says a length of time in its two largest units.</summary>
    internal static string Length(TimeSpan time) => time switch
    {
        { TotalDays: >= 1 } => $"{time.Days} d {time.Hours} h",
        { TotalHours: >= 1 } => $"{time.Hours} h {time.Minutes} min",
        { TotalMinutes: >= 1 } => $"{time.Minutes} min",
        _ => $"{time.Seconds} s",
    };

    /// <summary>Says a kind of store as options name it.</summary>
    internal static string Of(StoreKind store) => store switch
    {
        StoreKind.Keychain => "keychain",
        StoreKind.Postgres => "postgres",
        _ => "file",
    };

    /// <summary>Says what the library says, by the names that its options have here.</summary>
    /// <param name="message">What it says.</param>
    /// <param name="store">The store that it says that of.</param>
    internal static string OfTool(string message, StoreKind store = StoreKind.File)
    {
        if (store != StoreKind.File)
        {
            message = message.Replace("'CredentialsPath'", "'--store'", StringComparison.Ordinal);
        }

        foreach ((string advice, string here) in OfPrograms)
        {
            message = message.Replace(advice, here, StringComparison.Ordinal);
        }

        // A move says that of two stores, and no other message has these names.
        foreach ((string name, string here) in OfStores)
        {
            message = message.Replace($"'{name}'", $"'{here}'", StringComparison.Ordinal);
        }

        return Configuration.Overrides.Aggregate(
            message, static (text, names) => text.Replace($"'{names.Member}'", $"'{names.Option}'", StringComparison.Ordinal));
    }

    /// <summary>Quotes the place of a login, unless it has quotes of its own.</summary>
    internal static string Place(string location) => location.Contains('\'', StringComparison.Ordinal) ? location : $"'{location}'";

    /// <summary>Writes a path or value as one word of a command for a shell.</summary>
    internal static string Argument(string value)
    {
        if (value.Length > 0 && value.All(static c => char.IsLetterOrDigit(c) || "/\\:._-+=,@%".Contains(c, StringComparison.Ordinal)))
        {
            return value;
        }

        // Double quotes, as the command stands between single ones.
        string[] parts = [.. value.Select(static c => "\"\\$`".Contains(c, StringComparison.Ordinal) ? $"\\{c}" : $"{c}")];
        return $"\"{string.Concat(parts)}\"";
    }

    /// <summary>Takes out what a terminal would obey: servers and files say anything.</summary>
    internal static string Printable(string text) =>
        string.Create(text.Length, text, static (span, text) =>
        {
            for (var i = 0; i < span.Length; i++)
            {
                span[i] = char.IsControl(text[i]) && text[i] != '\n' ? '?' : text[i];
            }
        });

    /// <summary>Says a state. A token that cannot be used may be of the wrong kind, and not expired.</summary>
    internal static string State(TokenRefreshStatus status) =>
        status.State == TokenRefreshState.ExpiredNotRefreshable && !(status.AccessTokenExpiresAt <= status.ReadAt)
            ? "the access token cannot be used here"
            : State(status.State);

    /// <summary>Says a state.</summary>
    internal static string State(TokenRefreshState state) => state switch
    {
        TokenRefreshState.SignedIn => "signed in",
        TokenRefreshState.ExpiredButRefreshable => "signed in; the access token is expired and will be refreshed when it is needed",
        TokenRefreshState.ExpiredNotRefreshable => "the access token is expired and cannot be refreshed",
        TokenRefreshState.SignedOut => "signed out",
        TokenRefreshState.SignInRequired => "sign in: the login is no longer accepted",
        TokenRefreshState.CoolingDown => "signed in; the last refresh failed, and the next one waits",
        TokenRefreshState.AwaitingOwner => "signed in; the access token is expired, and the program that refreshes it has not done so",
        TokenRefreshState.OutcomeUnknown => "signed in; the answer to the last refresh was lost",
        _ => "unreadable",
    };
}
