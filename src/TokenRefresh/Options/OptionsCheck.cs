namespace TokenRefresh;

/// <summary>Checks one login's options and collects all failures.</summary>
/// <remarks>
/// The same texts reach a container's <c>OptionsValidationException</c> and the <see cref="TokenRefreshConfigurationException"/> of the
/// path without one. A fresh process runs this before its first token, so it is a few methods of plain comparisons: no LINQ, no delegates,
/// no reflection, nothing of System.Net.Http.
/// </remarks>
internal sealed partial class OptionsCheck
{
    private readonly TokenRefreshOptions _options;
    private readonly List<string> _failures = [];

    private OptionsCheck(TokenRefreshOptions options) => _options = options;

    /// <summary>Checks the options of a provider that is made without a container.</summary>
    /// <exception cref="TokenRefreshConfigurationException">There are failures; the message tells all of them.</exception>
    internal static void ThrowIfInvalid(TokenRefreshOptions options, CoordinatedTokenProviderServices services)
    {
        List<string> failures = FindFailures(options, services.CredentialsStore is not null, services.TokenEndpointClient is not null);
        if (failures.Count > 0)
        {
            throw new TokenRefreshConfigurationException(string.Join(' ', failures));
        }
    }

    /// <summary>Returns what is missing, out of range, or contradicts something else.</summary>
    internal static List<string> FindFailures(TokenRefreshOptions options, bool hasStore, bool hasTokenEndpointClient)
    {
        var check = new OptionsCheck(options);
        check.CheckTimes();
        check.CheckFile(hasStore);
        if (options.Mode is < TokenRefreshMode.Refresh or > TokenRefreshMode.FollowIfReadOnly)
        {
            check.FailEnum("Mode", options.Mode);
        }

        // One that only follows sends nothing.
        bool needsNoEndpoint = hasTokenEndpointClient || options.Mode == TokenRefreshMode.Follow;
        check.CheckEndpoints(needsNoEndpoint);
        check.CheckClient(needsNoEndpoint);
        check.CheckHeader();
        if (options.AdditionalParameters.Count > 0)
        {
            check.CheckAdditionalParameters();
        }

        if (options.AdditionalHeaders.Count > 0)
        {
            check.CheckAdditionalHeaders();
        }

        return check._failures;
    }

    private void Fail(string failure) => _failures.Add(failure);

    private void FailEnum<T>(string setting, T value)
        where T : struct, Enum => Fail($"'{setting}' is '{value}'. Set it to one of '{string.Join("', '", Enum.GetNames<T>())}'.");

    private bool CheckCharacters(string setting, string text, bool isSecret = false)
    {
        if (!OptionText.HasControlCharacter(text))
        {
            return true;
        }

        string shown = isSecret ? "" : $" (shown as '?') in '{OptionText.Printable(text)}'";
        Fail($"'{setting}' holds a control character{shown}. Remove it; often it is a line end left from a file or a variable.");
        return false;
    }

    private void CheckEndpoints(bool needsNoEndpoint)
    {
        if (_options.TokenEndpoint is { } tokenEndpoint)
        {
            CheckAddress("TokenEndpoint", tokenEndpoint);
        }
        else if (!needsNoEndpoint)
        {
            Fail(
                "'TokenEndpoint' is not set. Set it to the authorization server's token endpoint, such as "
                + "'https://auth.example.com/token'.");
        }

        if (_options.RevocationEndpoint is { } revocationEndpoint)
        {
            CheckAddress("RevocationEndpoint", revocationEndpoint);
        }

        if (_options.RequestFormat is not (TokenRequestFormat.Form or TokenRequestFormat.Json))
        {
            FailEnum("RequestFormat", _options.RequestFormat);
        }
    }

    private void CheckAddress(string setting, Uri address)
    {
        // On Unix '/token' parses as the absolute 'file:///token', so the scheme decides, not IsAbsoluteUri alone.
        string shown = $"'{setting}' is '{UriRedaction.Redact(address.OriginalString)}'";
        if (!address.IsAbsoluteUri || (address.Scheme != Uri.UriSchemeHttps && address.Scheme != Uri.UriSchemeHttp))
        {
            Fail($"{shown}, which is no absolute https address. Write it in full, such as 'https://auth.example.com/token'.");
            return;
        }

        if (!_options.AllowInsecureHttp && !UriRedaction.IsSecure(address))
        {
            Fail(
                $"{shown}: http would send the refresh token in clear. Use https; only where no one else can listen, "
                + "set 'AllowInsecureHttp' (now 'False') to true.");
        }

        if (address.UserInfo.Length > 0)
        {
            Fail(
                $"{shown} and carries a user name or password before the host (not shown). Remove it; the client authenticates by "
                + "'ClientAuthentication'.");
        }

        if (address.Fragment.Length > 0)
        {
            Fail($"{shown} and carries a fragment, which RFC 6749 section 3.2 forbids. Remove the '#' and what follows.");
        }
    }

    private void CheckClient(bool needsNoEndpoint)
    {
        ClientAuthentication authentication = _options.ClientAuthentication;
        bool needsSecret = authentication is ClientAuthentication.ClientSecretBasic or ClientAuthentication.ClientSecretPost;
        bool needsAssertion = authentication == ClientAuthentication.ClientAssertion;
        if (authentication is < ClientAuthentication.None or > ClientAuthentication.ClientAssertion)
        {
            FailEnum("ClientAuthentication", authentication);
        }

        if (!string.IsNullOrWhiteSpace(_options.ClientId))
        {
            CheckCharacters("ClientId", _options.ClientId);
        }
        else if (!needsNoEndpoint)
        {
            Fail("'ClientId' is not set. Set it to the identifier under which the authorization server knows this program.");
        }

        if (!string.IsNullOrEmpty(_options.ClientSecret))
        {
            if (authentication is ClientAuthentication.None or ClientAuthentication.ClientAssertion)
            {
                Fail(
                    $"'ClientSecret' is set, but 'ClientAuthentication' is '{authentication}' and would never send it. Set "
                    + "'ClientAuthentication' to 'ClientSecretBasic' or 'ClientSecretPost', or remove the secret.");
            }

            CheckCharacters("ClientSecret", _options.ClientSecret, isSecret: true);
        }
        else if (needsSecret && !needsNoEndpoint)
        {
            Fail(
                $"'ClientSecret' is not set, but 'ClientAuthentication' is '{authentication}'. Set the secret, or set "
                + "'ClientAuthentication' to 'None' for a public client.");
        }

        if (_options.Grant is < TokenGrant.RefreshToken or > TokenGrant.ClientCredentials)
        {
            FailEnum("Grant", _options.Grant);
        }
        else if (_options.Grant == TokenGrant.ClientCredentials && _options.SignIn is not null)
        {
            Fail($"'SignIn' is set, but 'Grant' is '{_options.Grant}', by which no user signs in. Remove one of the two.");
        }

        if (_options.ClientAssertion is not null && !needsAssertion)
        {
            Fail(
                $"'ClientAssertion' is set, but 'ClientAuthentication' is '{authentication}' and would never ask it. Set "
                + "'ClientAuthentication' to 'ClientAssertion', or remove the delegate.");
        }
        else if (_options.ClientAssertion is null && needsAssertion && !needsNoEndpoint)
        {
            Fail(
                $"'ClientAssertion' is not set, but 'ClientAuthentication' is '{authentication}'. Set it in code, to a delegate that "
                + "returns the assertion.");
        }

        if (_options.Scope is { } scope)
        {
            CheckCharacters("Scope", scope);
        }
    }

    private void CheckHeader()
    {
        string header = _options.HeaderName;
        string scheme = _options.AuthorizationScheme;
        if (header != AccessToken.DefaultHeaderName && !OptionText.IsRequestHeader(header))
        {
            Fail(
                $"'HeaderName' is '{OptionText.Printable(header)}', which no request header can be named. Use 'Authorization' or a name "
                + "such as 'x-api-key'.");
        }

        if (scheme != AccessToken.DefaultTokenType && !OptionText.IsToken(scheme))
        {
            Fail(
                $"'AuthorizationScheme' is '{OptionText.Printable(scheme)}', which is no authentication scheme. Use 'Bearer' or the name "
                + "that the resource documents.");
        }
        else if (AccessToken.IsBoundToKey(scheme))
        {
            Fail(
                $"'AuthorizationScheme' is '{scheme}', which needs a key for each request's proof (RFC 9449). Use 'Bearer': tokens of a "
                + "login that has a key ('DPoPKey') go out with that scheme by themselves.");
        }
    }

    private void CheckAdditionalParameters()
    {
        foreach ((string name, string value) in _options.AdditionalParameters)
        {
            string? remedy = name.ToUpperInvariant() switch
            {
                "SCOPE" => "Use 'Scope' instead.",
                "CLIENT_ID" => "Use 'ClientId' instead.",
                "CLIENT_SECRET" => "Use 'ClientSecret' with 'ClientAuthentication' instead.",
                "CLIENT_ASSERTION" or "CLIENT_ASSERTION_TYPE" when _options.ClientAuthentication == ClientAuthentication.ClientAssertion =>
                    "'ClientAssertion' returns it.",
                "GRANT_TYPE" or "REFRESH_TOKEN" or "TOKEN" or "TOKEN_TYPE_HINT" => "The request sets it itself.",
                _ => null,
            };
            if (remedy is not null)
            {
                Fail($"'AdditionalParameters' names '{name}', which is not to be overridden. Remove it. {remedy}");
            }
            else if (string.IsNullOrWhiteSpace(name) || value is null)
            {
                Fail(
                    $"'AdditionalParameters' has an entry '{OptionText.Printable(name)}' without a name or with a null value. Remove it, "
                    + "or give it both.");
            }
        }
    }

    private void CheckAdditionalHeaders()
    {
        ClientAuthentication authentication = _options.ClientAuthentication;
        foreach ((string name, string value) in _options.AdditionalHeaders)
        {
            string shown = $"'AdditionalHeaders' names '{OptionText.Printable(name)}'";
            if (name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase))
            {
                Fail($"{shown}, which describes the body and follows from 'RequestFormat' ('{_options.RequestFormat}'). Remove it.");
            }
            else if (authentication == ClientAuthentication.ClientSecretBasic
                && string.Equals(name, "Authorization", StringComparison.OrdinalIgnoreCase))
            {
                Fail($"{shown}, which 'ClientAuthentication' ('{authentication}') already sets. Remove one of the two.");
            }
            else if (!OptionText.IsRequestHeader(name))
            {
                Fail($"{shown}, which no request header can be named. Use letters, digits and hyphens.");
            }
            else if (value is null || value.Replace('\t', ' ').AsSpan().ContainsAnyExceptInRange(' ', '~'))
            {
                // SocketsHttpHandler refuses control characters and what is not ASCII only when it sends, which is too late to tell.
                Fail(
                    $"'AdditionalHeaders' gives '{name}' a value (not shown) that no header can carry. Use printable ASCII characters; "
                    + "a line end left from a file is a common cause.");
            }
        }
    }
}
