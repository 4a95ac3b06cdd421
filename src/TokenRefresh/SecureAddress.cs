namespace TokenRefresh;

/// <summary>Says where a secret may go, and how an address is shown without one.</summary>
internal static class SecureAddress
{
    /// <summary>Tells whether nobody on the way can read what is sent there.</summary>
    internal static bool IsSecure(Uri address) =>
        string.Equals(address.Scheme, Uri.UriSchemeHttps, StringComparison.Ordinal) || (string.Equals(address.Scheme, Uri.UriSchemeHttp, StringComparison.Ordinal) && IsLoopback(address));

    /// <summary>Returns scheme, host, port and path: no user information, no query, no fragment.</summary>
    internal static string Show(Uri address) => address.IsAbsoluteUri
        ? address.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped)
        : "a relative address";

    /// <summary>Returns scheme, host and port.</summary>
    internal static string ShowOrigin(Uri address) => address.IsAbsoluteUri
        ? address.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped)
        : "a relative address";

    // Uri.IsLoopback also holds for the bare name 'loopback', which a resolver may send anywhere.
    private static bool IsLoopback(Uri address) => address.IsLoopback && !string.Equals(address.Host, "loopback", StringComparison.OrdinalIgnoreCase);
}
