namespace TokenRefresh;

/// <summary>Says where a secret may go, and names that place.</summary>
internal static class UriRedaction
{
    /// <summary>Tells whether what is sent there cannot be read on the way.</summary>
    internal static bool IsSecure(Uri address) => HttpSchemeOf(address) switch
    {
        "https" => true,
        "http" => IsLoopback(address),
        _ => false,
    };

    /// <summary>
    /// Returns the scheme of the HTTP request: a WebSocket begins as one to the same origin (RFC 6455 section 4.1).
    /// </summary>
    internal static string HttpSchemeOf(Uri address) => address.Scheme switch
    {
        "wss" => Uri.UriSchemeHttps,
        "ws" => Uri.UriSchemeHttp,
        string other => other,
    };

    /// <summary>Returns scheme, host, port and path: no user information, no query, no fragment.</summary>
    internal static string Redact(Uri address) => address.IsAbsoluteUri
        ? address.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped)
        : "a relative address";

    /// <summary>Returns the same of a text that need not parse, since a refused address is shown too.</summary>
    internal static string Redact(string address)
    {
        int end = address.AsSpan().IndexOfAny('?', '#');
        int authority = address.IndexOf("://", StringComparison.Ordinal) + 3;
        if (end >= 0 && address.LastIndexOf('@') > end
            && (authority < 3 || (authority <= end && !address.AsSpan(authority, end - authority).Contains('/'))))
        {
            // An unescaped '?' or '#', in a password most likely: what stands before it is the rest of that.
            return "an address that is not shown";
        }

        string text = end < 0 ? address : address[..end];

        // The last '@' anywhere: a password may hold a '/', and losing a bit of a path is better than showing it.
        int host = text.LastIndexOf('@') + 1;
        if (host == 0)
        {
            return text;
        }

        int scheme = text.IndexOf("://", StringComparison.Ordinal);
        return scheme >= 0 && scheme < host ? string.Concat(text.AsSpan(0, scheme + 3), text.AsSpan(host)) : text[host..];
    }

    /// <summary>Returns scheme, host and port.</summary>
    internal static string Origin(Uri address) => address.IsAbsoluteUri
        ? address.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped)
        : "a relative address";

    // Not Uri.IsLoopback: a Uri publishes its host before the flag that this reads, and says no for a moment where two threads are the
    // first to ask. The token would stay off that request. Host is published whole, in canonical form: 'loopback' reads 'localhost',
    // '127.1' reads '127.0.0.1', and no scope id is in it.
    private static bool IsLoopback(Uri address) => address.HostNameType switch
    {
        UriHostNameType.Dns => address.Host == "localhost",
        UriHostNameType.IPv4 => address.Host.StartsWith("127.", StringComparison.Ordinal),
        UriHostNameType.IPv6 => address.Host is "[::1]" or "[::ffff:127.0.0.1]",
        _ => false,
    };
}
