using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace TokenRefresh.DependencyInjection;

/// <summary>Sets options from configuration. A misspelt key is an error, not a setting that silently keeps its default.</summary>
internal static class ConfigurationBinding
{
    /// <exception cref="OptionsValidationException">A key is unknown, or a value cannot be read.</exception>
    internal static void Bind(IConfiguration section, TokenRefreshOptions options, string name)
    {
        List<string> failures = [];
        if (section.GetSection(nameof(options.Events)) is { } events && events.Exists())
        {
            failures.Add($"'{events.Path}' cannot come from configuration. Set the callbacks in code.");
        }

        CheckAddress(section.GetSection(nameof(options.TokenEndpoint)), failures);
        CheckAddress(section.GetSection(nameof(options.RevocationEndpoint)), failures);
        options.FileFormat = ReadFileFormat(section.GetSection(nameof(options.FileFormat)), failures) ?? options.FileFormat;
        if (failures.Count == 0)
        {
            try
            {
                section.Bind(options, static binder => binder.ErrorOnUnknownConfiguration = true);
                return;
            }
            catch (InvalidOperationException e)
            {
                failures.Add(e.Message);
            }
        }

        throw new OptionsValidationException(name, typeof(TokenRefreshOptions), failures);
    }

    /// <exception cref="OptionsValidationException">A key is unknown, or a value cannot be read.</exception>
    internal static void Bind(IConfiguration section, BearerTokenHandlerOptions options)
    {
        try
        {
            section.Bind(options, static binder => binder.ErrorOnUnknownConfiguration = true);
        }
        catch (InvalidOperationException e)
        {
            throw new OptionsValidationException(Options.DefaultName, typeof(BearerTokenHandlerOptions), [e.Message]);
        }
    }

    // By hand, since the generated code cannot set init-only properties. It does refuse unknown keys of the section.
    private static CredentialsFileFormat? ReadFileFormat(IConfigurationSection section, List<string> failures)
    {
        if (section.GetChildren().Any())
        {
            var defaults = new CredentialsFileFormat();
            return new CredentialsFileFormat
            {
                Section = section[nameof(defaults.Section)],
                AccessTokenMember = section[nameof(defaults.AccessTokenMember)] ?? defaults.AccessTokenMember,
                RefreshTokenMember = section[nameof(defaults.RefreshTokenMember)] ?? defaults.RefreshTokenMember,
                ExpiresAtMember = section[nameof(defaults.ExpiresAtMember)] ?? defaults.ExpiresAtMember,
                RefreshTokenExpiresAtMember = section[nameof(defaults.RefreshTokenExpiresAtMember)],
                ScopesMember = section[nameof(defaults.ScopesMember)],
                TokenTypeMember = section[nameof(defaults.TokenTypeMember)],
                AccountIdMember = section[nameof(defaults.AccountIdMember)],
                TimeUnit = section.GetValue(nameof(defaults.TimeUnit), defaults.TimeUnit),
            };
        }

        switch (section.Value?.ToUpperInvariant())
        {
            case null or "":
                return null;
            case "AUTO":
                return CredentialsFileFormat.Auto;
            case "CLAUDECODE":
                return CredentialsFileFormat.ClaudeCode;
            case "FLATOAUTH":
                return CredentialsFileFormat.FlatOAuth;
            default:
                failures.Add($"'{section.Path}' is '{section.Value}'. Use '{nameof(CredentialsFileFormat.Auto)}', '{nameof(CredentialsFileFormat.ClaudeCode)}' or " +
                    $"'{nameof(CredentialsFileFormat.FlatOAuth)}', or a section that names the members.");
                return null;
        }
    }

    // The binder's own error would repeat the value, which may hold a password.
    private static void CheckAddress(IConfigurationSection section, List<string> failures)
    {
        if (section.Value is { } text && !Uri.TryCreate(text, UriKind.RelativeOrAbsolute, out _))
        {
            failures.Add($"'{section.Path}' is '{UriRedaction.Show(text)}', which is no address. Write it in full, such as 'https://auth.example.com/token'.");
        }
    }
}
