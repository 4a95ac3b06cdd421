namespace TokenRefresh;

/// <summary>Checks the header that carries the access token.</summary>
internal static class HeaderRules
{
    internal static void Check(TokenRefreshOptions options, List<string> failures)
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
}
