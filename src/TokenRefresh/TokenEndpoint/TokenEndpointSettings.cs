namespace TokenRefresh.TokenEndpoint;

/// <summary>What the clients of the token and the revocation endpoint need of the options, read once. The options were validated before.</summary>
internal sealed class TokenEndpointSettings
{
    private TokenEndpointSettings(TokenRefreshOptions options)
    {
        TokenEndpoint = options.TokenEndpoint!;
        RevocationEndpoint = options.RevocationEndpoint;
        ClientId = options.ClientId!;
        ClientSecret = options.ClientSecret;
        ClientAuthentication = options.ClientAuthentication;
        RequestFormat = options.RequestFormat;
        Scope = string.IsNullOrWhiteSpace(options.Scope) ? null : options.Scope;
        AdditionalParameters = [.. options.AdditionalParameters];
        AdditionalHeaders = [.. options.AdditionalHeaders];
        AttemptTimeout = options.AttemptTimeout;
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

    internal static TokenEndpointSettings From(TokenRefreshOptions options) => new(options);
}
