using Microsoft.Extensions.Options;

namespace TokenRefresh;

/// <summary>Checks one login's options and tells all failures at once.</summary>
/// <remarks>
/// The same texts reach a container's <see cref="OptionsValidationException"/> and the <see cref="TokenRefreshConfigurationException"/> of
/// the path without one.
/// A fresh process runs this before its first token, so it is a few methods of plain comparisons: no LINQ, no delegates, no reflection,
/// nothing of System.Net.Http.
/// </remarks>
internal sealed class TokenRefreshOptionsValidator : IValidateOptions<TokenRefreshOptions>
{
    private readonly string _name;
    private readonly Func<bool> _isNeeded;
    private readonly Func<bool> _hasStore;
    private readonly Func<bool> _hasTokenEndpointClient;

    /// <summary>Creates a validator of the options of one name; it skips those of others.</summary>
    /// <param name="name">The options' name; empty for the unnamed ones.</param>
    /// <param name="isNeeded">Whether the options are used at all: not where a fake takes the provider's place.</param>
    /// <param name="hasStore">Whether a store is supplied, so that no path is needed.</param>
    /// <param name="hasTokenEndpointClient">Whether a client of the token endpoint is supplied, so that no endpoint is needed.</param>
    internal TokenRefreshOptionsValidator(string name, Func<bool> isNeeded, Func<bool> hasStore, Func<bool> hasTokenEndpointClient)
    {
        _name = name;
        _isNeeded = isNeeded;
        _hasStore = hasStore;
        _hasTokenEndpointClient = hasTokenEndpointClient;
    }

    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, TokenRefreshOptions options)
    {
        if ((name is not null && name != _name) || !_isNeeded())
        {
            return ValidateOptionsResult.Skip;
        }

        List<string> failures = Check(options, _hasStore(), _hasTokenEndpointClient());
        if (failures.Count == 0)
        {
            return ValidateOptionsResult.Success;
        }

        return ValidateOptionsResult.Fail(
            _name.Length == 0 ? failures : failures.ConvertAll(failure => $"Token refresh '{_name}': {failure}"));
    }

    /// <summary>Checks the options of a provider that is made without a container.</summary>
    /// <param name="options">The options.</param>
    /// <param name="services">What replaces parts of them.</param>
    /// <exception cref="TokenRefreshConfigurationException">
    /// Something is missing, out of range, or contradicts something else; the message tells all of it.
    /// </exception>
    internal static void ThrowIfInvalid(TokenRefreshOptions options, CoordinatedTokenProviderServices services)
    {
        List<string> failures = Check(options, services.CredentialsStore is not null, services.TokenEndpointClient is not null);
        if (failures.Count > 0)
        {
            throw new TokenRefreshConfigurationException(string.Join(' ', failures));
        }
    }

    private static List<string> Check(TokenRefreshOptions options, bool hasStore, bool hasTokenEndpointClient)
    {
        var failures = new List<string>();
        TimeRules.Check(options, failures);
        CheckFile(options, hasStore, failures);
        if (options.Mode is < TokenRefreshMode.Refresh or > TokenRefreshMode.FollowIfReadOnly)
        {
            failures.Add($"'{nameof(options.Mode)}' is '{options.Mode}'. Set it to one of {OptionText.Names<TokenRefreshMode>()}.");
        }

        // One that only follows sends nothing.
        bool needsNoEndpoint = hasTokenEndpointClient || options.Mode == TokenRefreshMode.Follow;
        CheckEndpoints(options, needsNoEndpoint, failures);
        CheckClient(options, needsNoEndpoint, failures);
        CheckHeader(options, failures);
        AdditionRules.Check(options, failures);
        return failures;
    }

    private static void CheckFile(TokenRefreshOptions options, bool hasStore, List<string> failures)
    {
        string? credentials = options.CredentialsPath;
        if (string.IsNullOrWhiteSpace(credentials))
        {
            credentials = null;
            if (!hasStore)
            {
                failures.Add(
                    $"'{nameof(options.CredentialsPath)}' is not set. Set it to the credentials file, " +
                    "such as '~/.claude/.credentials.json', or supply a store of your own.");
            }
        }
        else
        {
            credentials = CheckPath(nameof(options.CredentialsPath), credentials, failures);
        }

        if (options.LockPath is { } lockPath)
        {
            if (string.IsNullOrWhiteSpace(lockPath))
            {
                failures.Add(
                    $"'{nameof(options.LockPath)}' is empty. Set it to a file, or leave it null for the one beside the credentials.");
            }
            else if (CheckPath(nameof(options.LockPath), lockPath, failures) is { } full && full == credentials)
            {
                // A save renames over the credentials file, and the lock would stay with the old inode.
                failures.Add(
                    $"'{nameof(options.LockPath)}' is '{lockPath}', the same file as '{nameof(options.CredentialsPath)}'. " +
                    "Set it to another file, or leave it null.");
            }
        }

        if (!ReferenceEquals(options.FileFormat, CredentialsFileFormat.Auto))
        {
            FileFormatRules.Check(options.FileFormat, failures);
        }

        if (options.CompatibleLocks is not null)
        {
            CompatibleLockRules.Check(options, credentials, hasStore, failures);
        }
    }

    private static string? CheckPath(string setting, string path, List<string> failures)
    {
        if (!CheckCharacters(setting, path, isSecret: false, failures))
        {
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

    private static bool CheckCharacters(string setting, string text, bool isSecret, List<string> failures)
    {
        if (!OptionText.HasControlCharacter(text))
        {
            return true;
        }

        string shown = isSecret ? "" : $" (shown as '?') in '{OptionText.Printable(text)}'";
        failures.Add($"'{setting}' holds a control character{shown}. Remove it; often it is a line end left from a file or a variable.");
        return false;
    }

    private static void CheckEndpoints(TokenRefreshOptions options, bool needsNoEndpoint, List<string> failures)
    {
        if (options.TokenEndpoint is { } tokenEndpoint)
        {
            CheckAddress(nameof(options.TokenEndpoint), tokenEndpoint, options.AllowInsecureHttp, failures);
        }
        else if (!needsNoEndpoint)
        {
            failures.Add(
                $"'{nameof(options.TokenEndpoint)}' is not set. Set it to the authorization server's token endpoint, " +
                "such as 'https://auth.example.com/token'.");
        }

        if (options.RevocationEndpoint is { } revocationEndpoint)
        {
            CheckAddress(nameof(options.RevocationEndpoint), revocationEndpoint, options.AllowInsecureHttp, failures);
        }

        if (options.RequestFormat is not (TokenRequestFormat.Form or TokenRequestFormat.Json))
        {
            failures.Add(
                $"'{nameof(options.RequestFormat)}' is '{options.RequestFormat}'. " +
                $"Set it to one of {OptionText.Names<TokenRequestFormat>()}.");
        }
    }

    private static void CheckAddress(string setting, Uri address, bool allowInsecureHttp, List<string> failures)
    {
        // On Unix '/token' parses as the absolute 'file:///token', so the scheme decides, not IsAbsoluteUri alone.
        if (!address.IsAbsoluteUri || (address.Scheme != Uri.UriSchemeHttps && address.Scheme != Uri.UriSchemeHttp))
        {
            failures.Add(
                $"{Shown(setting, address)}, which is no absolute https address. Write it in full, " +
                "such as 'https://auth.example.com/token'.");
            return;
        }

        if (!allowInsecureHttp && !UriRedaction.IsSecure(address))
        {
            failures.Add(
                $"{Shown(setting, address)}: http would send the refresh token in clear. Use https; only where no one else can listen, " +
                $"set '{nameof(TokenRefreshOptions.AllowInsecureHttp)}' (now 'False') to true.");
        }

        if (address.UserInfo.Length > 0)
        {
            failures.Add(
                $"{Shown(setting, address)} and carries a user name or password before the host (not shown). Remove it; " +
                $"the client authenticates by '{nameof(TokenRefreshOptions.ClientAuthentication)}'.");
        }

        if (address.Fragment.Length > 0)
        {
            failures.Add(
                $"{Shown(setting, address)} and carries a fragment, which RFC 6749 section 3.2 forbids. " +
                "Remove the '#' and what follows.");
        }
    }

    private static void CheckClient(TokenRefreshOptions options, bool needsNoEndpoint, List<string> failures)
    {
        const string Authentication = nameof(options.ClientAuthentication);
        ClientAuthentication authentication = options.ClientAuthentication;
        if (authentication is < ClientAuthentication.None or > ClientAuthentication.ClientAssertion)
        {
            failures.Add($"'{Authentication}' is '{authentication}'. Set it to one of {OptionText.Names<ClientAuthentication>()}.");
        }

        if (!string.IsNullOrWhiteSpace(options.ClientId))
        {
            CheckCharacters(nameof(options.ClientId), options.ClientId, isSecret: false, failures);
        }
        else if (!needsNoEndpoint)
        {
            failures.Add(
                $"'{nameof(options.ClientId)}' is not set. Set it to the identifier under which the authorization server knows this " +
                "program.");
        }

        if (!string.IsNullOrEmpty(options.ClientSecret))
        {
            if (authentication is ClientAuthentication.None or ClientAuthentication.ClientAssertion)
            {
                failures.Add(
                    $"'{nameof(options.ClientSecret)}' is set, but '{Authentication}' is '{authentication}' and would never send it. " +
                    $"Set '{Authentication}' to '{nameof(ClientAuthentication.ClientSecretBasic)}' or " +
                    $"'{nameof(ClientAuthentication.ClientSecretPost)}', or remove the secret.");
            }

            CheckCharacters(nameof(options.ClientSecret), options.ClientSecret, isSecret: true, failures);
        }
        else if (authentication is ClientAuthentication.ClientSecretBasic or ClientAuthentication.ClientSecretPost
            && !needsNoEndpoint)
        {
            failures.Add(
                $"'{nameof(options.ClientSecret)}' is not set, but '{Authentication}' is '{authentication}'. " +
                $"Set the secret, or set '{Authentication}' to '{nameof(ClientAuthentication.None)}' for a public client.");
        }

        if (options.Grant != TokenGrant.RefreshToken)
        {
            ClientRules.CheckGrant(options, failures);
        }

        ClientRules.CheckAssertion(options, needsNoEndpoint, failures);
        if (options.Scope is { } scope)
        {
            CheckCharacters(nameof(options.Scope), scope, isSecret: false, failures);
        }
    }

    private static void CheckHeader(TokenRefreshOptions options, List<string> failures)
    {
        if (options.HeaderName != AccessToken.DefaultHeaderName && !OptionText.IsRequestHeader(options.HeaderName))
        {
            failures.Add(
                $"'{nameof(options.HeaderName)}' is '{OptionText.Printable(options.HeaderName)}', which no request header can be named. " +
                $"Use '{AccessToken.DefaultHeaderName}' or a name such as 'x-api-key'.");
        }

        if (options.AuthorizationScheme != AccessToken.DefaultTokenType && !OptionText.IsToken(options.AuthorizationScheme))
        {
            failures.Add(
                $"'{nameof(options.AuthorizationScheme)}' is '{OptionText.Printable(options.AuthorizationScheme)}', " +
                $"which is no authentication scheme. Use '{AccessToken.DefaultTokenType}' or the name that the resource documents.");
        }
        else if (AccessToken.IsBoundToKey(options.AuthorizationScheme))
        {
            failures.Add(
                $"'{nameof(options.AuthorizationScheme)}' is '{options.AuthorizationScheme}', which needs a key for each request's proof " +
                $"(RFC 9449), and this version has no keys. Use '{AccessToken.DefaultTokenType}', with a client that gets such tokens.");
        }
    }

    private static string Shown(string setting, Uri address) => $"'{setting}' is '{UriRedaction.Show(address.OriginalString)}'";
}
