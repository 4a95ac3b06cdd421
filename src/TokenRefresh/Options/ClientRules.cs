namespace TokenRefresh;

/// <summary>Checks by which grant a client asks, and how it authenticates where it does so by an assertion.</summary>
internal static class ClientRules
{
    /// <summary>Checks a grant other than the default one.</summary>
    internal static void CheckGrant(TokenRefreshOptions options, List<string> failures)
    {
        const string Grant = nameof(options.Grant);
        if (options.Grant != TokenGrant.ClientCredentials)
        {
            failures.Add($"'{Grant}' is '{options.Grant}'. Set it to one of {OptionText.Names<TokenGrant>()}.");
        }
        else if (options.SignIn is not null)
        {
            failures.Add(
                $"'{nameof(options.SignIn)}' is set, but '{Grant}' is '{options.Grant}', by which no user signs in. "
                + "Remove one of the two.");
        }
    }

    internal static void CheckAssertion(TokenRefreshOptions options, bool needsNoEndpoint, List<string> failures)
    {
        const string Authentication = nameof(options.ClientAuthentication);
        const string Assertion = nameof(options.ClientAssertion);
        bool isUsed = options.ClientAuthentication == ClientAuthentication.ClientAssertion;
        if (options.ClientAssertion is not null && !isUsed)
        {
            failures.Add(
                $"'{Assertion}' is set, but '{Authentication}' is '{options.ClientAuthentication}' and would never ask it. " +
                $"Set '{Authentication}' to '{nameof(ClientAuthentication.ClientAssertion)}', or remove the delegate.");
        }
        else if (isUsed && options.ClientAssertion is null && !needsNoEndpoint)
        {
            failures.Add(
                $"'{Assertion}' is not set, but '{Authentication}' is '{options.ClientAuthentication}'. " +
                "Set it in code, to a delegate that returns the assertion.");
        }
    }
}
