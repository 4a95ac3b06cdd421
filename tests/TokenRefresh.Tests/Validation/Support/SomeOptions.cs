namespace TokenRefresh.Tests.Validation;

/// <summary>Options that are valid but for what a test changes.</summary>
internal static class SomeOptions
{
    public const string Secret = "client-secret-that-must-not-be-read";

    public static TokenRefreshOptions Valid(Action<TokenRefreshOptions>? change = null)
    {
        var options = new TokenRefreshOptions();
        MakeValid(options);
        change?.Invoke(options);
        return options;
    }

    public static void MakeValid(TokenRefreshOptions options)
    {
        options.CredentialsPath = Path.Combine(
            Path.GetTempPath(), "token-refresh-tests", Guid.NewGuid().ToString("N"), ".credentials.json");
        options.TokenEndpoint = new Uri("https://auth.example.com/token");
        options.ClientId = "my-cli";
    }

    /// <summary>Makes what the provider without a container makes of the options.</summary>
    public static Action Checking(TokenRefreshOptions options, CoordinatedTokenProviderServices? services = null) =>
        () => OptionsCheck.ThrowIfInvalid(options, services ?? new CoordinatedTokenProviderServices());
}
