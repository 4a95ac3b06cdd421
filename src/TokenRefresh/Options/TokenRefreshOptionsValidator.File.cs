namespace TokenRefresh;

internal sealed partial class TokenRefreshOptionsValidator
{
    private static void CheckFile(TokenRefreshOptions options, bool hasStore, List<string> failures)
    {
        string? credentials = null;
        if (!string.IsNullOrWhiteSpace(options.CredentialsPath))
        {
            credentials = CheckPath(nameof(options.CredentialsPath), options.CredentialsPath, failures);
        }
        else if (!hasStore)
        {
            failures.Add($"'{nameof(options.CredentialsPath)}' is not set. Set it to the credentials file, such as '~/.claude/.credentials.json', or supply a store of your own.");
        }

        if (options.LockPath is { } lockPath)
        {
            if (string.IsNullOrWhiteSpace(lockPath))
            {
                failures.Add($"'{nameof(options.LockPath)}' is empty. Set it to a file, or leave it null for the one beside the credentials.");
            }
            else if (CheckPath(nameof(options.LockPath), lockPath, failures) is { } full && full == credentials)
            {
                // A save renames over the credentials file, and the lock would stay with the old inode.
                failures.Add($"'{nameof(options.LockPath)}' is '{lockPath}', the same file as '{nameof(options.CredentialsPath)}'. Set it to a file of its own, or leave it null.");
            }
        }

        CheckFormat(options.FileFormat, failures);
    }

    private static string? CheckPath(string setting, string path, List<string> failures)
    {
        if (path.Any(char.IsControl))
        {
            failures.Add($"'{setting}' is '{Printable(path)}', which holds a control character (shown as '?'). Remove it; often it is a line end left from a file or a variable.");
            return null;
        }

        if (Path.EndsInDirectorySeparator(path))
        {
            failures.Add($"'{setting}' is '{path}', which names a directory. Set it to a file in there.");
            return null;
        }

        try
        {
            return CredentialsPath.Resolve(path);
        }
        catch (TokenRefreshConfigurationException unresolved)
        {
            failures.Add($"'{setting}' cannot be resolved. {unresolved.Message}");
            return null;
        }
    }

    private static void CheckFormat(CredentialsFileFormat? format, List<string> failures)
    {
        const string Setting = nameof(TokenRefreshOptions.FileFormat);
        if (format is null)
        {
            failures.Add($"'{Setting}' is null. Set it to '{nameof(CredentialsFileFormat)}.{nameof(CredentialsFileFormat.Auto)}' or another format.");
            return;
        }

        if (!Enum.IsDefined(format.TimeUnit))
        {
            failures.Add($"'{Setting}.{nameof(format.TimeUnit)}' is '{format.TimeUnit}'. Set it to one of {Names<CredentialsTimeUnit>()}.");
        }

        if (format.Section is { Length: 0 })
        {
            failures.Add($"'{Setting}.{nameof(format.Section)}' is empty. Name the section, or set it to null for members at the top level.");
        }

        (string Setting, string? Member, bool Required)[] members =
        [
            (nameof(format.AccessTokenMember), format.AccessTokenMember, true),
            (nameof(format.RefreshTokenMember), format.RefreshTokenMember, true),
            (nameof(format.ExpiresAtMember), format.ExpiresAtMember, false),
            (nameof(format.RefreshTokenExpiresAtMember), format.RefreshTokenExpiresAtMember, false),
            (nameof(format.ScopesMember), format.ScopesMember, false),
            (nameof(format.TokenTypeMember), format.TokenTypeMember, false),
            (nameof(format.AccountIdMember), format.AccountIdMember, false),
        ];
        var firstUse = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((string setting, string? member, bool required) in members)
        {
            if (member is { Length: 0 } || (member is null && required))
            {
                failures.Add($"'{Setting}.{setting}' is empty. Name the member{(required ? "." : ", or set it to null if the file keeps none.")}");
            }
            else if (member is not null && !firstUse.TryAdd(member, setting))
            {
                failures.Add($"'{Setting}.{setting}' is '{member}', as is '{Setting}.{firstUse[member]}'. Give each its own member.");
            }
        }
    }

    private static string Printable(string text) => string.Create(text.Length, text, static (span, source) =>
    {
        for (int i = 0; i < span.Length; i++)
        {
            span[i] = char.IsControl(source[i]) ? '?' : source[i];
        }
    });

    private static string Names<T>()
        where T : struct, Enum => string.Join(", ", Enum.GetNames<T>().Select(name => $"'{name}'"));
}
