namespace TokenRefresh;

/// <summary>Checks the locks of other programs that a program has listed.</summary>
internal static class CompatibleLockRules
{
    // Of this library's own lock, beside the credentials.
    private const string LockSuffix = ".tokenrefresh.lock";
    private const string Setting = nameof(TokenRefreshOptions.CompatibleLocks);

    internal static void Check(TokenRefreshOptions options, string? credentials, bool hasStore, List<string> failures)
    {
        if (hasStore)
        {
            failures.Add($"'{Setting}' is set, but a store of your own takes its locks itself. Remove one of the two.");
            return;
        }

        HashSet<string?> taken = [credentials, options.LockPath is { } own ? TryResolve(own) : credentials + LockSuffix];
        for (var i = 0; i < options.CompatibleLocks!.Count; i++)
        {
            Check(options, options.CompatibleLocks[i], $"{Setting}[{i}]", credentials, taken, failures);
        }
    }

    private static void Check(
        TokenRefreshOptions options, CompatibleLock? item, string name, string? credentials, HashSet<string?> taken, List<string> failures)
    {
        if (string.IsNullOrWhiteSpace(item?.Path))
        {
            failures.Add($"'{name}' has no path. Set it to that of a lock of another program, or remove the entry.");
            return;
        }

        if (OptionText.HasControlCharacter(item.Path) || Path.EndsInDirectorySeparator(item.Path))
        {
            failures.Add(
                $"'{name}.{nameof(item.Path)}' is '{OptionText.Printable(item.Path)}', which ends in a separator or holds a control " +
                "character. Write the path of the lock itself.");
            return;
        }

        if (credentials is not null)
        {
            CheckPath(item, name, Path.GetDirectoryName(credentials)!, taken, failures);
        }

        if (item.Kind is not (CompatibleLockKind.Directory or CompatibleLockKind.File))
        {
            failures.Add($"'{name}.{nameof(item.Kind)}' is '{item.Kind}'. Set it to one of {OptionText.Names<CompatibleLockKind>()}.");
        }
        else if (item.Kind == CompatibleLockKind.Directory)
        {
            TimeRules.Check(options, item, name, failures);
        }
    }

    private static void CheckPath(
        CompatibleLock item, string name, string directory, HashSet<string?> taken, List<string> failures)
    {
        try
        {
            if (!taken.Add(item.ResolvePath(directory, directory)))
            {
                failures.Add(
                    $"'{name}.{nameof(item.Path)}' is '{item.Path}', which is the credentials file, this library's own lock or listed " +
                    "before. Name each lock once.");
            }
        }
        catch (TokenRefreshConfigurationException unresolved)
        {
            failures.Add($"'{name}.{nameof(item.Path)}' cannot be resolved. {unresolved.Message}");
        }
    }

    private static string? TryResolve(string path)
    {
        try
        {
            return CredentialsPath.Resolve(path);
        }
        catch (Exception e) when (e is TokenRefreshConfigurationException or ArgumentException)
        {
            // Reported with that path's own setting.
            return null;
        }
    }
}
