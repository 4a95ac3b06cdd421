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

        if (format.TimeUnit is < CredentialsTimeUnit.Seconds or > CredentialsTimeUnit.Iso8601)
        {
            failures.Add(
                $"'{Setting}.{nameof(format.TimeUnit)}' is '{format.TimeUnit}'. " +
                $"Set it to one of {OptionText.Names<CredentialsTimeUnit>()}.");
        }

        if (Array.Exists(format.Path, string.IsNullOrEmpty))
        {
            failures.Add(
                $"'{Setting}.{nameof(format.Section)}' holds an empty name. Name each member on the path to the login, or leave the path " +
                "empty for members at the top level.");
        }

        string[] settings =
        [
            nameof(format.AccessTokenMember), nameof(format.RefreshTokenMember),
            nameof(format.ExpiresAtMember), nameof(format.RefreshTokenExpiresAtMember),
            nameof(format.ScopesMember), nameof(format.TokenTypeMember), nameof(format.AccountIdMember), nameof(format.IdTokenMember),
        ];
        string?[] members = format.Names;
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
