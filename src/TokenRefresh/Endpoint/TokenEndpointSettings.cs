namespace TokenRefresh.Endpoint;

/// <summary>What the clients of the token and the revocation endpoint need of the options, read once. The options were validated before.</summary>
internal sealed class TokenEndpointSettings
{
    /// <summary>A shorter value is a version or a flag, and a word of many texts.</summary>
    private const int ShortestSecret = 16;

    // Places (RFC 8707, RFC 8693) and what every client sends: nothing secret, and what an error may have to name.
    private static readonly string[] PlainNames = ["resource", "audience", "Accept", "User-Agent"];

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

        // With a token endpoint client of the user's own neither has to be set.
        BasicCredentials = options is { ClientAuthentication: ClientAuthentication.ClientSecretBasic, ClientId: { } id, ClientSecret: { } secret } ? TokenRequestBody.BasicCredentials(id, secret) : null;
        Secrets = [.. SecretsOf()];
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

    /// <summary>Gets what follows <c>Basic</c> in the header, or <see langword="null"/> where that is not sent.</summary>
    internal string? BasicCredentials { get; }

    /// <summary>Gets what no text may repeat besides tokens: the client's secret, and whatever else is sent, since an assertion (RFC 7523) or the key of a gateway may be among it.</summary>
    internal IReadOnlyList<string> Secrets { get; }

    internal static TokenEndpointSettings From(TokenRefreshOptions options) => new(options);

    private IEnumerable<string> SecretsOf()
    {
        if (ClientSecret is { } secret)
        {
            yield return secret;
        }

        if (BasicCredentials is { } credentials)
        {
            yield return credentials;
        }

        foreach ((string name, string value) in AdditionalParameters.Concat(AdditionalHeaders))
        {
            if (value.Length >= ShortestSecret && !PlainNames.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                yield return value;
            }
        }
    }
}
