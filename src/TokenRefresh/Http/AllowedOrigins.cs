namespace TokenRefresh.Http;

/// <summary>Decides to which addresses the access token may go.</summary>
internal sealed class AllowedOrigins
{
    private readonly Uri[] _origins;

    /// <exception cref="TokenRefreshConfigurationException">An entry is no origin, or not a safe one.</exception>
    internal AllowedOrigins(ISet<string> origins)
    {
        _origins = new Uri[origins.Count];
        int count = 0;
        if (_origins.Length > 0)
        {
            foreach (string origin in origins)
            {
                _origins[count++] = Parse(origin);
            }
        }
    }

    /// <summary>Tells whether scheme, host and port are allowed; no allocation.</summary>
    internal bool Allows(Uri? address)
    {
        if (address is not { IsAbsoluteUri: true } || !UriRedaction.IsSecure(address))
        {
            return false;
        }

        string scheme = UriRedaction.HttpSchemeOf(address);
        foreach (Uri origin in _origins)
        {
            if (address.Port == origin.Port
                && string.Equals(scheme, origin.Scheme, StringComparison.Ordinal)
                && string.Equals(address.IdnHost, origin.IdnHost, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return _origins.Length == 0;
    }

    private static Uri Parse(string origin)
    {
        if (!Uri.TryCreate(origin, UriKind.Absolute, out Uri? address)
            || (address.Scheme != Uri.UriSchemeHttps && address.Scheme != Uri.UriSchemeHttp)
            || address.PathAndQuery != "/"
            || address.Fragment.Length > 0
            || address.UserInfo.Length > 0)
        {
            throw new TokenRefreshConfigurationException(
                $"'{nameof(BearerTokenHandlerOptions.AllowedOrigins)}' holds an entry that is no origin{Shown(origin)}. " +
                "Write scheme, host and port only, such as 'https://api.example.com' or 'https://api.example.com:8443'.");
        }

        if (!UriRedaction.IsSecure(address))
        {
            throw new TokenRefreshConfigurationException(
                $"'{nameof(BearerTokenHandlerOptions.AllowedOrigins)}' holds '{UriRedaction.Origin(address)}', " +
                "where the access token can be read on the way. " +
                "Use 'https'; 'http' is for loopback only.");
        }

        return address;
    }

    // What stands before an '@' may be a password, and what follows a '?' or '#' a key.
    private static string Shown(string origin) =>
        string.IsNullOrEmpty(origin) || origin.Contains('@', StringComparison.Ordinal) ? "" : $", '{UriRedaction.Redact(origin)}'";
}
