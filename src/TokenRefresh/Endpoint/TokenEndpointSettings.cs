namespace TokenRefresh.Endpoint;

/// <summary>
/// What the clients of the token and the revocation endpoint need of the options, read once. The options were validated before.
/// </summary>
internal sealed class TokenEndpointSettings
{
    /// <summary>A shorter value is a version or a flag, and a word of many texts.</summary>
    private const int ShortestSecret = 16;

    // Places (RFC 8707, RFC 8693) and what every client sends: nothing secret, and what an error may have to name.
    private static readonly string[] PlainNames = ["resource", "audience", "Accept", "User-Agent"];

    private List<string>? _secrets;

    private TokenEndpointSettings(TokenRefreshOptions options)
    {
        TokenEndpoint = options.TokenEndpoint!;
        RevocationEndpoint = options.RevocationEndpoint;
        ClientId = options.ClientId!;
        ClientSecret = options.ClientSecret;
        ClientAssertion = options.ClientAssertion is { } ask ? new ClientAssertionSource(ask) : null;
        ClientAuthentication = options.ClientAuthentication;
        RequestFormat = options.RequestFormat;
        Scope = string.IsNullOrWhiteSpace(options.Scope) ? null : options.Scope;
        AdditionalParameters = Copy(options.AdditionalParameters);
        AdditionalHeaders = Copy(options.AdditionalHeaders);
        AttemptTimeout = options.AttemptTimeout;

        // With a token endpoint client of the user's own neither has to be set.
        if (options is { ClientAuthentication: ClientAuthentication.ClientSecretBasic, ClientId: { } id, ClientSecret: { } secret })
        {
            BasicCredentials = TokenRequestBody.BasicCredentials(id, secret);
        }
    }

    internal Uri TokenEndpoint { get; }

    internal Uri? RevocationEndpoint { get; }

    internal string ClientId { get; }

    internal string? ClientSecret { get; }

    internal ClientAssertionSource? ClientAssertion { get; }

    internal ClientAuthentication ClientAuthentication { get; }

    internal TokenRequestFormat RequestFormat { get; }

    internal string? Scope { get; }

    internal KeyValuePair<string, string>[] AdditionalParameters { get; }

    internal KeyValuePair<string, string>[] AdditionalHeaders { get; }

    internal TimeSpan AttemptTimeout { get; }

    /// <summary>Gets what follows <c>Basic</c> in the header, or <see langword="null"/> where that is not sent.</summary>
    internal string? BasicCredentials { get; }

    /// <summary>
    /// Gets what no text may repeat besides tokens: the client's secret, and whatever else is sent, since an assertion (RFC 7523) or the
    /// key of a gateway may be among it.
    /// </summary>
    internal IReadOnlyList<string> Secrets => _secrets ??= FindSecrets();

    internal static TokenEndpointSettings From(TokenRefreshOptions options) => new(options);

    private static KeyValuePair<string, string>[] Copy(IDictionary<string, string> pairs)
    {
        if (pairs.Count == 0)
        {
            return [];
        }

        var copy = new KeyValuePair<string, string>[pairs.Count];
        pairs.CopyTo(copy, 0);
        return copy;
    }

    private static void AddSecrets(List<string> secrets, KeyValuePair<string, string>[] pairs)
    {
        foreach (KeyValuePair<string, string> pair in pairs)
        {
            if (pair.Value.Length >= ShortestSecret && !PlainNames.Contains(pair.Key, StringComparer.OrdinalIgnoreCase))
            {
                secrets.Add(pair.Value);
            }
        }
    }

    private List<string> FindSecrets()
    {
        var secrets = new List<string>();
        if (ClientSecret is { } secret)
        {
            secrets.Add(secret);
        }

        if (BasicCredentials is { } credentials)
        {
            secrets.Add(credentials);
        }

        AddSecrets(secrets, AdditionalParameters);
        AddSecrets(secrets, AdditionalHeaders);
        return secrets;
    }
}
