namespace TokenRefresh;

/// <summary>Writes an address into a message without what may be a secret in it: user info, query and fragment.</summary>
internal static class SafeUri
{
    public static string ToText(Uri address) => ToText(address.OriginalString);

    /// <summary>Works on the text, since an address that is refused need not parse.</summary>
    /// <param name="address">The address as written.</param>
    /// <returns>Scheme, host, port and path, as far as they are there.</returns>
    public static string ToText(string address)
    {
        int end = address.AsSpan().IndexOfAny('?', '#');
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
}
