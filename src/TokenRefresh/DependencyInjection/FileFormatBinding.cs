namespace TokenRefresh.DependencyInjection;

/// <summary>Reads a file format: the name of a built-in one, or a section that names members.</summary>
internal static class FileFormatBinding
{
    /// <summary>Reads the format.</summary>
    /// <param name="entry">The entry of the format.</param>
    /// <returns>The format; <see langword="null"/> after a failure.</returns>
    public static CredentialsFileFormat? Read(ConfigurationBinding.Entry entry) => entry.HasChildren ? ReadMembers(entry) : ReadName(entry);

    private static CredentialsFileFormat? ReadName(ConfigurationBinding.Entry entry)
    {
        string? name = entry.Text();
        switch (name?.ToUpperInvariant())
        {
            case null:
                return null;
            case "AUTO":
                return CredentialsFileFormat.Auto;
            case "CLAUDECODE":
                return CredentialsFileFormat.ClaudeCode;
            case "FLATOAUTH":
                return CredentialsFileFormat.FlatOAuth;
            default:
                entry.Fail($"is '{name}'. Use '{nameof(CredentialsFileFormat.Auto)}', '{nameof(CredentialsFileFormat.ClaudeCode)}' or '{nameof(CredentialsFileFormat.FlatOAuth)}', or a section that names the members.");
                return null;
        }
    }

    private static CredentialsFileFormat ReadMembers(ConfigurationBinding.Entry entry)
    {
        var defaults = new CredentialsFileFormat();
        var names = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase)
        {
            [nameof(defaults.Section)] = defaults.Section,
            [nameof(defaults.AccessTokenMember)] = defaults.AccessTokenMember,
            [nameof(defaults.RefreshTokenMember)] = defaults.RefreshTokenMember,
            [nameof(defaults.ExpiresAtMember)] = defaults.ExpiresAtMember,
            [nameof(defaults.RefreshTokenExpiresAtMember)] = defaults.RefreshTokenExpiresAtMember,
            [nameof(defaults.ScopesMember)] = defaults.ScopesMember,
            [nameof(defaults.TokenTypeMember)] = defaults.TokenTypeMember,
            [nameof(defaults.AccountIdMember)] = defaults.AccountIdMember,
        };
        CredentialsTimeUnit timeUnit = defaults.TimeUnit;
        foreach ((string key, ConfigurationBinding.Entry child) in entry.Children)
        {
            if (string.Equals(key, nameof(defaults.TimeUnit), StringComparison.OrdinalIgnoreCase))
            {
                timeUnit = child.IsEmpty ? timeUnit : child.Choice<CredentialsTimeUnit>() ?? timeUnit;
            }
            else if (!names.ContainsKey(key))
            {
                child.Fail($"is no part of a file format. Use one of {string.Join(", ", names.Keys.Select(name => $"'{name}'"))}, '{nameof(defaults.TimeUnit)}'.");
            }
            else if (!child.IsEmpty)
            {
                names[key] = child.Text();
            }
        }

        return new CredentialsFileFormat
        {
            Section = names[nameof(defaults.Section)],
            AccessTokenMember = names[nameof(defaults.AccessTokenMember)]!,
            RefreshTokenMember = names[nameof(defaults.RefreshTokenMember)]!,
            ExpiresAtMember = names[nameof(defaults.ExpiresAtMember)]!,
            RefreshTokenExpiresAtMember = names[nameof(defaults.RefreshTokenExpiresAtMember)],
            ScopesMember = names[nameof(defaults.ScopesMember)],
            TokenTypeMember = names[nameof(defaults.TokenTypeMember)],
            AccountIdMember = names[nameof(defaults.AccountIdMember)],
            TimeUnit = timeUnit,
        };
    }
}
