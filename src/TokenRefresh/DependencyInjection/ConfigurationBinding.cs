using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace TokenRefresh.DependencyInjection;

/// <summary>Sets options from configuration. A misspelt key is an error, not a setting that silently keeps its default.</summary>
internal static class ConfigurationBinding
{
    /// <exception cref="OptionsValidationException">A key is unknown, or a value cannot be read.</exception>
    internal static void Bind(IConfiguration section, TokenRefreshOptions options, string name)
    {
        try
        {
            ThrowIfPresent(section.GetSection(nameof(options.Events)), "the callbacks");
            ThrowIfPresent(section.GetSection(nameof(options.ClientAssertion)), "the delegate");
            ThrowIfPresent(section.GetSection(nameof(options.SignIn)), "the delegate");
            ThrowIfNoAddress(section.GetSection(nameof(options.TokenEndpoint)));
            ThrowIfNoAddress(section.GetSection(nameof(options.RevocationEndpoint)));
            section.Bind(options, static binder => binder.ErrorOnUnknownConfiguration = true);
            options.FileFormat = ReadFileFormat(section.GetSection(nameof(options.FileFormat))) ?? options.FileFormat;
            options.CompatibleLocks = ReadCompatibleLocks(section.GetSection(nameof(options.CompatibleLocks))) ?? options.CompatibleLocks;
        }
        catch (InvalidOperationException e)
        {
            throw new OptionsValidationException(name, typeof(TokenRefreshOptions), [e.Message]);
        }
    }

    /// <exception cref="OptionsValidationException">A key is unknown, or a value cannot be read.</exception>
    internal static void Bind(IConfiguration section, BearerTokenHandlerOptions options)
    {
        try
        {
            ThrowIfPresent(section.GetSection(nameof(options.ShouldRefresh)), "the predicate");
            section.Bind(options, static binder => binder.ErrorOnUnknownConfiguration = true);
        }
        catch (InvalidOperationException e)
        {
            throw new OptionsValidationException(Options.DefaultName, typeof(BearerTokenHandlerOptions), [e.Message]);
        }
    }

    // By hand, since the generated code cannot set init-only properties. It does refuse unknown keys of the section.
    private static CredentialsFileFormat? ReadFileFormat(IConfigurationSection section)
    {
        if (section.GetChildren().Any())
        {
            var defaults = new CredentialsFileFormat();
            return new CredentialsFileFormat
            {
                Section = ReadPath(section.GetSection(nameof(defaults.Section))),
                AccessTokenMember = section[nameof(defaults.AccessTokenMember)] ?? defaults.AccessTokenMember,
                RefreshTokenMember = section[nameof(defaults.RefreshTokenMember)] ?? defaults.RefreshTokenMember,
                ExpiresAtMember = section[nameof(defaults.ExpiresAtMember)] ?? defaults.ExpiresAtMember,
                RefreshTokenExpiresAtMember = section[nameof(defaults.RefreshTokenExpiresAtMember)],
                ScopesMember = section[nameof(defaults.ScopesMember)],
                TokenTypeMember = section[nameof(defaults.TokenTypeMember)],
                AccountIdMember = section[nameof(defaults.AccountIdMember)],
                IdTokenMember = section[nameof(defaults.IdTokenMember)],
                DPoPKeyMember = section[nameof(defaults.DPoPKeyMember)],
                TimeUnit = section.GetValue(nameof(defaults.TimeUnit), defaults.TimeUnit),
            };
        }

        return Find(
            section,
            "'Auto', 'ClaudeCode', 'FlatOAuth', 'Codex', 'Google' or 'AwsSso', or a section that names the members",
            ("Auto", CredentialsFileFormat.Auto),
            ("ClaudeCode", CredentialsFileFormat.ClaudeCode),
            ("FlatOAuth", CredentialsFileFormat.FlatOAuth),
            ("Codex", CredentialsFileFormat.Codex),
            ("Google", CredentialsFileFormat.Google),
            ("AwsSso", CredentialsFileFormat.AwsSso));
    }

    private static IReadOnlyList<CompatibleLock>? ReadCompatibleLocks(IConfigurationSection section)
    {
        List<CompatibleLock> locks = [];
        foreach (IConfigurationSection item in section.GetChildren())
        {
            var defaults = new CompatibleLock(item[nameof(CompatibleLock.Path)] ?? "");
            locks.Add(new CompatibleLock(defaults.Path)
            {
                Kind = item.GetValue(nameof(defaults.Kind), defaults.Kind),
                StaleAfter = item.GetValue(nameof(defaults.StaleAfter), defaults.StaleAfter),
                HeartbeatInterval = item.GetValue(nameof(defaults.HeartbeatInterval), defaults.HeartbeatInterval),
            });
        }

        return locks.Count > 0 && string.IsNullOrEmpty(section.Value)
            ? locks
            : Find(
                section,
                "'ClaudeCode', 'Codex', or a list of locks",
                ("ClaudeCode", CompatibleLock.ClaudeCode),
                ("Codex", CompatibleLock.Codex));
    }

    private static T? Find<T>(IConfigurationSection section, string choices, params (string Name, T Value)[] known)
        where T : class
    {
        T? found = Array.Find(known, item => item.Name.Equals(section.Value, StringComparison.OrdinalIgnoreCase)).Value;
        if (found is null && !string.IsNullOrEmpty(section.Value))
        {
            throw new InvalidOperationException($"'{section.Path}' is '{section.Value}'. Use {choices}.");
        }

        return found;
    }

    // One name, or a list of them: no name has to be split, whatever characters it holds.
    private static string[] ReadPath(IConfigurationSection section) =>
        section.Value is { Length: > 0 } name ? [name] : [.. section.GetChildren().Select(child => child.Value ?? "")];

    // The generated code knows such a key, and would leave it out without a word.
    private static void ThrowIfPresent(IConfigurationSection section, string what)
    {
        if (section.Exists())
        {
            throw new InvalidOperationException($"'{section.Path}' cannot come from configuration. Set {what} in code.");
        }
    }

    // The binder's own error would repeat the value, which may hold a password.
    private static void ThrowIfNoAddress(IConfigurationSection section)
    {
        if (section.Value is { } text && !Uri.TryCreate(text, UriKind.RelativeOrAbsolute, out _))
        {
            throw new InvalidOperationException(
                $"'{section.Path}' is '{UriRedaction.Redact(text)}', which is no address. Write it in full, " +
                "such as 'https://auth.example.com/token'.");
        }
    }
}
