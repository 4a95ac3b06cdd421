using System.Collections.Frozen;

namespace TokenRefresh.TokenEndpoint;

/// <summary>What the clients of the token and the revocation endpoint need of the options, read once and checked.</summary>
internal sealed class TokenEndpointSettings
{
    private static readonly FrozenSet<string> OwnParameters =
        new[] { "grant_type", "refresh_token", "client_id", "client_secret", "token", "token_type_hint" }.ToFrozenSet(StringComparer.Ordinal);

    private TokenEndpointSettings(TokenRefreshOptions options)
    {
        TokenEndpoint = CheckAddress(options.TokenEndpoint, nameof(options.TokenEndpoint), options.AllowInsecureHttp);
        RevocationEndpoint = options.RevocationEndpoint is { } revocation ? CheckAddress(revocation, nameof(options.RevocationEndpoint), options.AllowInsecureHttp) : null;
        ClientId = string.IsNullOrEmpty(options.ClientId)
            ? throw new TokenRefreshConfigurationException("'ClientId' is not set. Set it to the identifier under which this client is registered at the authorization server.")
            : options.ClientId;
        ClientSecret = options.ClientSecret;
        ClientAuthentication = options.ClientAuthentication;
        if (ClientAuthentication != ClientAuthentication.None && string.IsNullOrEmpty(ClientSecret))
        {
            throw new TokenRefreshConfigurationException($"'ClientSecret' is not set, but 'ClientAuthentication' is '{ClientAuthentication}', which needs it. Set it, or set 'ClientAuthentication' to '{ClientAuthentication.None}'.");
        }

        RequestFormat = options.RequestFormat;
        Scope = string.IsNullOrWhiteSpace(options.Scope) ? null : options.Scope;
        AdditionalParameters = [.. options.AdditionalParameters];
        AdditionalHeaders = [.. options.AdditionalHeaders];
        AttemptTimeout = options.AttemptTimeout;
        if (AdditionalParameters.FirstOrDefault(p => OwnParameters.Contains(p.Key)).Key is { } taken)
        {
            throw new TokenRefreshConfigurationException($"'AdditionalParameters' holds '{taken}', which the request sets itself. Remove it and use the option of that name.");
        }
    }

    internal Uri TokenEndpoint { get; }

    internal Uri? RevocationEndpoint { get; }

    internal string ClientId { get; }

    internal string? ClientSecret { get; }

    internal ClientAuthentication ClientAuthentication { get; }

    internal TokenRequestFormat RequestFormat { get; }

    internal string? Scope { get; }

    internal KeyValuePair<string, string>[] AdditionalParameters { get; }

    internal KeyValuePair<string, string>[] AdditionalHeaders { get; }

    internal TimeSpan AttemptTimeout { get; }

    /// <exception cref="TokenRefreshConfigurationException">An option is missing or wrong.</exception>
    internal static TokenEndpointSettings From(TokenRefreshOptions options) => new(options);

    private static Uri CheckAddress(Uri? address, string setting, bool allowInsecureHttp)
    {
        if (address is null)
        {
            throw new TokenRefreshConfigurationException($"'{setting}' is not set. Set it to the absolute 'https' address of the authorization server's endpoint.");
        }

        if (!address.IsAbsoluteUri)
        {
            throw new TokenRefreshConfigurationException($"'{setting}' is a relative address. Set it to an absolute 'https' address.");
        }

        string shown = SecureAddress.Show(address);
        if (address.UserInfo.Length > 0)
        {
            throw new TokenRefreshConfigurationException($"'{setting}' holds user information before the host of '{shown}'. Remove it and set 'ClientAuthentication', 'ClientId' and 'ClientSecret'.");
        }

        if (address.Scheme != Uri.UriSchemeHttps && address.Scheme != Uri.UriSchemeHttp)
        {
            throw new TokenRefreshConfigurationException($"'{setting}' is '{shown}', which is no web address. Set it to an absolute 'https' address.");
        }

        if (!allowInsecureHttp && !SecureAddress.IsSecure(address))
        {
            throw new TokenRefreshConfigurationException($"'{setting}' is '{shown}', where anybody on the way can read the refresh token. Use 'https', or set 'AllowInsecureHttp' if the network is trusted.");
        }

        return address;
    }
}
