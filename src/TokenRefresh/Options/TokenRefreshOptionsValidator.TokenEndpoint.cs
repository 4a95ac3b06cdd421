namespace TokenRefresh;

internal sealed partial class TokenRefreshOptionsValidator
{
    private static readonly HashSet<string> ReservedParameters =
        new(StringComparer.OrdinalIgnoreCase) { "grant_type", "refresh_token", "client_id", "client_secret", "scope", "token", "token_type_hint" };

    private static void CheckTokenEndpoint(TokenRefreshOptions options, bool hasTokenEndpointClient, List<string> failures)
    {
        if (options.TokenEndpoint is { } tokenEndpoint)
        {
            CheckAddress(nameof(options.TokenEndpoint), tokenEndpoint, options.AllowInsecureHttp, failures);
        }
        else if (!hasTokenEndpointClient)
        {
            failures.Add($"'{nameof(options.TokenEndpoint)}' is not set. Set it to the authorization server's token endpoint, such as 'https://auth.example.com/token'.");
        }

        if (options.RevocationEndpoint is { } revocationEndpoint)
        {
            CheckAddress(nameof(options.RevocationEndpoint), revocationEndpoint, options.AllowInsecureHttp, failures);
        }

        if (!Enum.IsDefined(options.RequestFormat))
        {
            failures.Add($"'{nameof(options.RequestFormat)}' is '{options.RequestFormat}'. Set it to one of {Names<TokenRequestFormat>()}.");
        }
    }

    private static void CheckAddress(string setting, Uri address, bool allowInsecureHttp, List<string> failures)
    {
        string shown = $"'{setting}' is '{UriRedaction.Show(address.OriginalString)}'";

        // On Unix '/token' parses as the absolute 'file:///token', so the scheme decides, not IsAbsoluteUri alone.
        if (!address.IsAbsoluteUri || (address.Scheme != Uri.UriSchemeHttps && address.Scheme != Uri.UriSchemeHttp))
        {
            failures.Add($"{shown}, which is no absolute https address. Write it in full, such as 'https://auth.example.com/token'.");
            return;
        }

        if (!allowInsecureHttp && !UriRedaction.IsSecure(address))
        {
            failures.Add(
                $"{shown}: http would send the refresh token in clear. Use https; only where nobody else can listen, set '{nameof(TokenRefreshOptions.AllowInsecureHttp)}' (now 'False') to true.");
        }

        if (address.UserInfo.Length > 0)
        {
            failures.Add($"{shown} and carries a user name or password before the host (not shown). Remove it; the client authenticates by '{nameof(TokenRefreshOptions.ClientAuthentication)}'.");
        }

        if (address.Fragment.Length > 0)
        {
            failures.Add($"{shown} and carries a fragment, which RFC 6749 section 3.2 forbids. Remove the '#' and what follows.");
        }
    }

    private static void CheckClient(TokenRefreshOptions options, bool hasTokenEndpointClient, List<string> failures)
    {
        if (!string.IsNullOrWhiteSpace(options.ClientId))
        {
            if (options.ClientId.Any(char.IsControl))
            {
                failures.Add($"'{nameof(options.ClientId)}' is '{Printable(options.ClientId)}', which holds a control character (shown as '?'). Remove it; often it is a line end left from a file or a variable.");
            }
        }
        else if (!hasTokenEndpointClient)
        {
            failures.Add($"'{nameof(options.ClientId)}' is not set. Set it to the identifier under which the authorization server knows this program.");
        }

        CheckClientSecret(options, hasTokenEndpointClient, failures);

        if (options.Scope is { } scope && scope.Any(char.IsControl))
        {
            failures.Add($"'{nameof(options.Scope)}' is '{Printable(scope)}', which holds a control character (shown as '?'). Separate scopes by single blanks.");
        }

        if (options.HeaderName is not { } headerName || !CanBeRequestHeader(headerName, "value"))
        {
            failures.Add($"'{nameof(options.HeaderName)}' is '{Printable(options.HeaderName ?? "")}', which no request header can be named. Use '{AccessToken.DefaultHeaderName}' or a name such as 'x-api-key'.");
        }
    }

    private static void CheckClientSecret(TokenRefreshOptions options, bool hasTokenEndpointClient, List<string> failures)
    {
        bool hasSecret = !string.IsNullOrEmpty(options.ClientSecret);
        const string Authentication = nameof(TokenRefreshOptions.ClientAuthentication);
        if (!Enum.IsDefined(options.ClientAuthentication))
        {
            failures.Add($"'{Authentication}' is '{options.ClientAuthentication}'. Set it to one of {Names<ClientAuthentication>()}.");
        }
        else if (options.ClientAuthentication == ClientAuthentication.None && hasSecret)
        {
            failures.Add(
                $"'{nameof(options.ClientSecret)}' is set, but '{Authentication}' is '{options.ClientAuthentication}' and would never send it. " +
                $"Set '{Authentication}' to '{nameof(ClientAuthentication.ClientSecretBasic)}' or '{nameof(ClientAuthentication.ClientSecretPost)}', or remove the secret.");
        }
        else if (options.ClientAuthentication != ClientAuthentication.None && !hasSecret && !hasTokenEndpointClient)
        {
            failures.Add(
                $"'{nameof(options.ClientSecret)}' is not set, but '{Authentication}' is '{options.ClientAuthentication}'. " +
                $"Set the secret, or set '{Authentication}' to '{nameof(ClientAuthentication.None)}' for a public client.");
        }

        if (hasSecret && options.ClientSecret!.Any(char.IsControl))
        {
            failures.Add($"'{nameof(options.ClientSecret)}' holds a control character (value not shown). Remove it; often it is a line end left from a file or a variable.");
        }
    }

    private static void CheckAdditions(TokenRefreshOptions options, List<string> failures)
    {
        const string Parameters = nameof(TokenRefreshOptions.AdditionalParameters);
        foreach ((string name, string value) in options.AdditionalParameters)
        {
            if (ReservedParameters.Contains(name))
            {
                string setting = name.ToUpperInvariant() switch
                {
                    "SCOPE" => $"Use '{nameof(options.Scope)}' instead.",
                    "CLIENT_ID" => $"Use '{nameof(options.ClientId)}' instead.",
                    "CLIENT_SECRET" => $"Use '{nameof(options.ClientSecret)}' with '{nameof(options.ClientAuthentication)}' instead.",
                    _ => "The request sets it itself.",
                };
                failures.Add($"'{Parameters}' names '{name}', which is not to be overridden. Remove it. {setting}");
            }
            else if (string.IsNullOrWhiteSpace(name) || value is null)
            {
                failures.Add($"'{Parameters}' has an entry '{Printable(name)}' without a name or with a null value. Remove it, or give it both.");
            }
        }

        const string Headers = nameof(TokenRefreshOptions.AdditionalHeaders);
        foreach ((string name, string value) in options.AdditionalHeaders)
        {
            if (name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase))
            {
                failures.Add($"'{Headers}' names '{Printable(name)}', which describes the body and follows from '{nameof(options.RequestFormat)}' ('{options.RequestFormat}'). Remove it.");
            }
            else if (options.ClientAuthentication == ClientAuthentication.ClientSecretBasic && string.Equals(name, "Authorization", StringComparison.OrdinalIgnoreCase))
            {
                failures.Add($"'{Headers}' names '{name}', which '{nameof(options.ClientAuthentication)}' ('{options.ClientAuthentication}') already sets. Remove one of the two.");
            }
            else if (!CanBeRequestHeader(name, "value"))
            {
                failures.Add($"'{Headers}' names '{Printable(name)}', which no request header can be named. Use letters, digits and hyphens.");
            }
            else if (value is null || !CanBeRequestHeader(name, value))
            {
                failures.Add($"'{Headers}' gives '{name}' a value (not shown) that no header can carry. Use printable ASCII characters; a line end left from a file is a common cause.");
            }
        }
    }

    /// <summary>Asks the very collection the header will be put into; it refuses names that are no tokens (RFC 9110 section 5.6.2) and those of content headers.</summary>
    private static bool CanBeRequestHeader(string name, string value)
    {
        using var request = new HttpRequestMessage();

        // SocketsHttpHandler refuses control characters and what is not ASCII only when it sends, which is too late to tell.
        return value.All(c => c is '\t' or (>= ' ' and <= '~')) && request.Headers.TryAddWithoutValidation(name, value);
    }
}
