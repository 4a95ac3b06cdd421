namespace TokenRefresh;

/// <summary>Says where a secret may go, and names that place.</summary>
internal static class SecureAddress
{
    /// <summary>Tells whether nobody on the way can read what is sent there.</summary>
    internal static bool IsSecure(Uri address) =>
        string.Equals(address.Scheme, Uri.UriSchemeHttps, StringComparison.Ordinal) || (string.Equals(address.Scheme, Uri.UriSchemeHttp, StringComparison.Ordinal) && address.IsLoopback);

    /// <summary>Returns scheme, host and port.</summary>
    internal static string ShowOrigin(Uri address) => address.IsAbsoluteUri
        ? address.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped)
        : "a relative address";
}
