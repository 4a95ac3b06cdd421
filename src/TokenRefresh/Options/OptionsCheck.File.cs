namespace TokenRefresh;

/// <content>The file, its format and its locks.</content>
internal sealed partial class OptionsCheck
{
    // Of this library's own lock, beside the credentials.
    private const string LockSuffix = ".tokenrefresh.lock";

    private void CheckFile(bool hasStore)
    {
        string? credentials = null;
        if (!string.IsNullOrWhiteSpace(_options.CredentialsPath))
        {
            credentials = CheckPath("CredentialsPath", _options.CredentialsPath);
        }
        else if (!hasStore)
        {
            Fail(
                "'CredentialsPath' is not set. Set it to the credentials file, such as '~/.claude/.credentials.json', or supply a store "
                + "of your own.");
        }

        string? lockFile = credentials + LockSuffix;
        if (_options.LockPath is { } lockPath)
        {
            lockFile = CheckLockPath(lockPath, credentials);
        }

        if (!ReferenceEquals(_options.FileFormat, CredentialsFileFormat.Auto))
        {
            CheckFormat(_options.FileFormat);
        }

        if (_options.CompatibleLocks is not null)
        {
            CheckCompatibleLocks(credentials, lockFile, hasStore);
        }
    }

    private string? CheckPath(string setting, string path)
    {
        if (!CheckCharacters(setting, path))
        {
            return null;
        }

        if (Path.EndsInDirectorySeparator(path))
        {
            Fail($"'{setting}' is '{path}', which names a directory. Set it to a file in there.");
            return null;
        }

        try
        {
            return CredentialsPath.Resolve(path);
        }
        catch (TokenRefreshConfigurationException unresolved)
        {
            Fail($"'{setting}' cannot be resolved. {unresolved.Message}");
            return null;
        }
    }

    private string? CheckLockPath(string path, string? credentials)
    {
        if (string.IsNullOrWhiteSpace(path))
        {
            Fail("'LockPath' is empty. Set it to a file, or leave it null for the one beside the credentials.");
            return null;
        }

        string? full = CheckPath("LockPath", path);
        if (full is not null && full == credentials)
        {
            // A save renames over the credentials file, and the lock would stay with the old inode.
            Fail($"'LockPath' is '{path}', the same file as 'CredentialsPath'. Set it to another file, or leave it null.");
        }

        return full;
    }

    private void CheckFormat(CredentialsFileFormat? format)
    {
        if (format is null)
        {
            Fail("'FileFormat' is null. Set it to 'CredentialsFileFormat.Auto' or another format.");
            return;
        }

        if (format.TimeUnit is < CredentialsTimeUnit.Seconds or > CredentialsTimeUnit.Iso8601)
        {
            FailEnum("FileFormat.TimeUnit", format.TimeUnit);
        }

        if (Array.Exists(format.Path, string.IsNullOrEmpty))
        {
            Fail(
                "'FileFormat.Section' holds an empty name. Name each member on the path to the login, or leave the path empty for members "
                + "at the top level.");
        }

        string?[] members = format.Names;
        for (int i = 0; i < members.Length; i++)
        {
            string setting = $"'FileFormat.{(CredentialsMember)i}Member'";
            bool isRequired = i <= (int)CredentialsMember.RefreshToken;
            int first = Array.IndexOf(members, members[i]);
            if (members[i] is { Length: 0 } || (members[i] is null && isRequired))
            {
                Fail($"{setting} is empty. Name the member{(isRequired ? "." : ", or set it to null if the file keeps none.")}");
            }
            else if (members[i] is not null && first < i)
            {
                Fail(
                    $"{setting} is '{members[i]}', as is 'FileFormat.{(CredentialsMember)first}Member'. Give each its own member.");
            }
        }
    }

    private void CheckCompatibleLocks(string? credentials, string? lockFile, bool hasStore)
    {
        if (hasStore)
        {
            Fail("'CompatibleLocks' is set, but a store of your own takes its locks itself. Remove one of the two.");
            return;
        }

        HashSet<string?> taken = [credentials, lockFile];
        for (var i = 0; i < _options.CompatibleLocks!.Count; i++)
        {
            CheckCompatibleLock(_options.CompatibleLocks[i], $"CompatibleLocks[{i}]", credentials, taken);
        }
    }

    private void CheckCompatibleLock(CompatibleLock? item, string name, string? credentials, HashSet<string?> taken)
    {
        if (string.IsNullOrWhiteSpace(item?.Path))
        {
            Fail($"'{name}' has no path. Set it to that of a lock of another program, or remove the entry.");
            return;
        }

        if (OptionText.HasControlCharacter(item.Path) || Path.EndsInDirectorySeparator(item.Path))
        {
            Fail(
                $"'{name}.Path' is '{OptionText.Printable(item.Path)}', which ends in a separator or holds a control character. Write the "
                + "path of the lock itself.");
            return;
        }

        try
        {
            string? directory = Path.GetDirectoryName(credentials);
            if (directory is not null && !taken.Add(item.ResolvePath(directory, directory)))
            {
                Fail(
                    $"'{name}.Path' is '{item.Path}', which is the credentials file, this library's own lock or listed before. Name each "
                    + "lock once.");
            }
        }
        catch (TokenRefreshConfigurationException unresolved)
        {
            Fail($"'{name}.Path' cannot be resolved. {unresolved.Message}");
        }

        if (item.Kind is not (CompatibleLockKind.Directory or CompatibleLockKind.File))
        {
            FailEnum($"{name}.Kind", item.Kind);
        }
        else if (item.Kind == CompatibleLockKind.Directory)
        {
            CheckTimes(item, name);
        }
    }
}
