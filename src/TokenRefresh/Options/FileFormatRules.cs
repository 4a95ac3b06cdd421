namespace TokenRefresh;

/// <summary>Checks a file format that a program has put together.</summary>
internal static class FileFormatRules
{
    internal static void Check(CredentialsFileFormat? format, List<string> failures)
    {
        const string Setting = nameof(TokenRefreshOptions.FileFormat);
        if (format is null)
        {
            failures.Add(
                $"'{Setting}' is null. Set it to '{nameof(CredentialsFileFormat)}.{nameof(CredentialsFileFormat.Auto)}' or another " +
                "format.");
            return;
        }

        if (format.TimeUnit is not (CredentialsTimeUnit.Seconds or CredentialsTimeUnit.Milliseconds))
        {
            failures.Add(
                $"'{Setting}.{nameof(format.TimeUnit)}' is '{format.TimeUnit}'. " +
                $"Set it to one of {OptionText.Names<CredentialsTimeUnit>()}.");
        }

        if (format.Section is { Length: 0 })
        {
            failures.Add(
                $"'{Setting}.{nameof(format.Section)}' is empty. Name the section, or set it to null for members at the top level.");
        }

        string[] settings =
        [
            nameof(format.AccessTokenMember), nameof(format.RefreshTokenMember),
            nameof(format.ExpiresAtMember), nameof(format.RefreshTokenExpiresAtMember),
            nameof(format.ScopesMember), nameof(format.TokenTypeMember), nameof(format.AccountIdMember),
        ];
        string?[] members =
        [
            format.AccessTokenMember, format.RefreshTokenMember, format.ExpiresAtMember, format.RefreshTokenExpiresAtMember,
            format.ScopesMember, format.TokenTypeMember, format.AccountIdMember,
        ];
        for (int i = 0; i < members.Length; i++)
        {
            bool isRequired = i < 2;
            int first = Array.IndexOf(members, members[i]);
            if (members[i] is { Length: 0 } || (members[i] is null && isRequired))
            {
                failures.Add(
                    $"'{Setting}.{settings[i]}' is empty. Name the " +
                    $"member{(isRequired ? "." : ", or set it to null if the file keeps none.")}");
            }
            else if (members[i] is not null && first < i)
            {
                failures.Add(
                    $"'{Setting}.{settings[i]}' is '{members[i]}', as is '{Setting}.{settings[first]}'. Give each its own member.");
            }
        }
    }
}
