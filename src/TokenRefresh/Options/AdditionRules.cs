namespace TokenRefresh;

/// <summary>Checks the further parameters and headers of the token request.</summary>
internal static class AdditionRules
{
    internal static void Check(TokenRefreshOptions options, List<string> failures)
    {
        const string Parameters = nameof(options.AdditionalParameters);
        const string Headers = nameof(options.AdditionalHeaders);
        if (options.AdditionalParameters.Count > 0)
        {
            foreach ((string name, string value) in options.AdditionalParameters)
            {
                if (RemedyOfReserved(name, options.ClientAuthentication) is { } remedy)
                {
                    failures.Add($"'{Parameters}' names '{name}', which is not to be overridden. Remove it. {remedy}");
                }
                else if (string.IsNullOrWhiteSpace(name) || value is null)
                {
                    failures.Add(
                        $"'{Parameters}' has an entry '{OptionText.Printable(name)}' without a name or with a null value. Remove it, " +
                        "or give it both.");
                }
            }
        }

        if (options.AdditionalHeaders.Count > 0)
        {
            bool isBasic = options.ClientAuthentication == ClientAuthentication.ClientSecretBasic;
            foreach ((string name, string value) in options.AdditionalHeaders)
            {
                if (name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase))
                {
                    failures.Add(
                        $"'{Headers}' names '{OptionText.Printable(name)}', which describes the body and follows from " +
                        $"'{nameof(options.RequestFormat)}' ('{options.RequestFormat}'). Remove it.");
                }
                else if (isBasic && string.Equals(name, "Authorization", StringComparison.OrdinalIgnoreCase))
                {
                    failures.Add(
                        $"'{Headers}' names '{name}', which '{nameof(options.ClientAuthentication)}' ('{options.ClientAuthentication}') " +
                        "already sets. Remove one of the two.");
                }
                else if (!OptionText.IsRequestHeader(name))
                {
                    failures.Add(
                        $"'{Headers}' names '{OptionText.Printable(name)}', which no request header can be named. Use letters, " +
                        "digits and hyphens.");
                }
                else if (value is null || !OptionText.IsHeaderValue(value))
                {
                    failures.Add(
                        $"'{Headers}' gives '{name}' a value (not shown) that no header can carry. Use printable ASCII characters; " +
                        "a line end left from a file is a common cause.");
                }
            }
        }
    }

    private static string? RemedyOfReserved(string name, ClientAuthentication authentication) => name.ToUpperInvariant() switch
    {
        "SCOPE" => $"Use '{nameof(TokenRefreshOptions.Scope)}' instead.",
        "CLIENT_ID" => $"Use '{nameof(TokenRefreshOptions.ClientId)}' instead.",
        "CLIENT_SECRET" =>
            $"Use '{nameof(TokenRefreshOptions.ClientSecret)}' with '{nameof(TokenRefreshOptions.ClientAuthentication)}' instead.",
        "CLIENT_ASSERTION" or "CLIENT_ASSERTION_TYPE" when authentication == ClientAuthentication.ClientAssertion =>
            $"'{nameof(TokenRefreshOptions.ClientAssertion)}' returns it.",
        "GRANT_TYPE" or "REFRESH_TOKEN" or "TOKEN" or "TOKEN_TYPE_HINT" => "The request sets it itself.",
        _ => null,
    };
}
