using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace TokenRefresh.Endpoint;

/// <summary>
/// Writes the requests to the token and the revocation endpoint: their parameters as a form or as JSON, the headers, and the client's
/// authentication (RFC 6749 section 2.3) in either. Its options are validated, and do not change any more.
/// </summary>
internal sealed partial class TokenRequestWriter(TokenRefreshOptions options)
{
    /// <summary>Marks what it writes, so that a <see cref="BearerTokenHandler"/> in its way can tell that it waits for itself.</summary>
    internal const string Mark = "TokenRefresh.TokenRequest";

    /// <summary>A shorter value is a version or a flag, and a word of many texts.</summary>
    private const int ShortestSecret = 16;

    // Places (RFC 8707, RFC 8693) and what every client sends: nothing secret, and what an error may have to name.
    private static readonly string[] PlainNames = ["resource", "audience", "Accept", "User-Agent"];

    // With a token endpoint client of the program's own neither has to be set.
    private readonly string? _basicCredentials =
        options is { ClientAuthentication: ClientAuthentication.ClientSecretBasic, ClientId: { } id, ClientSecret: { } secret }
            ? BasicCredentials(id, secret)
            : null;

    internal TokenRefreshOptions Options => options;

    internal string ContentType =>
        options.RequestFormat == TokenRequestFormat.Json ? "application/json" : "application/x-www-form-urlencoded";

    internal static string FormEncode(string value) => Uri.EscapeDataString(value).Replace("%20", "+", StringComparison.Ordinal);

    /// <summary>RFC 6749 section 6, or section 4.4 where there is no refresh token.</summary>
    internal byte[] WriteTokenRequest(string refreshToken, string? assertion)
    {
        var parameters = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["grant_type"] = refreshToken.Length > 0 ? "refresh_token" : "client_credentials",
        };
        if (refreshToken.Length > 0)
        {
            parameters["refresh_token"] = refreshToken;
        }

        AddClient(parameters, assertion);
        if (!string.IsNullOrWhiteSpace(options.Scope))
        {
            parameters["scope"] = options.Scope;
        }

        return options.RequestFormat == TokenRequestFormat.Json ? ToJson(parameters) : ToForm(parameters);
    }

    /// <summary>RFC 7009 section 2.1 knows the form only, whatever dialect the token endpoint speaks.</summary>
    internal HttpRequestMessage WriteRevocation(string refreshToken, string? assertion)
    {
        var parameters = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["token"] = refreshToken,
            ["token_type_hint"] = "refresh_token",
        };
        AddClient(parameters, assertion);
        return CreateMessage(options.RevocationEndpoint!, new FormUrlEncodedContent(parameters));
    }

    internal HttpRequestMessage CreateMessage(Uri address, HttpContent content)
    {
        // Version 1.1, the default: when a server refuses a stream of HTTP/2 (GOAWAY, RFC 9113 section 6.8), the handler sends the body
        // again, which is refused here.
        var message = new HttpRequestMessage(HttpMethod.Post, address) { Content = content };
        message.Headers.TryAddWithoutValidation("Accept", "application/json");
        if (_basicCredentials is not null)
        {
            message.Headers.TryAddWithoutValidation("Authorization", "Basic " + _basicCredentials);
        }

        if (options.AdditionalHeaders.Count > 0)
        {
            foreach ((string name, string value) in options.AdditionalHeaders)
            {
                message.Headers.Remove(name);
                message.Headers.TryAddWithoutValidation(name, value);
            }
        }

        ((IDictionary<string, object?>)message.Options)[Mark] = null;
        return message;
    }

    /// <summary>
    /// Creates what keeps texts free of secrets: of these tokens, the client's secret, and whatever else is sent, since an assertion (RFC
    /// 7523) or the key of a gateway may be among it.
    /// </summary>
    internal SecretRedactor CreateRedactor(params ReadOnlySpan<string?> tokens)
    {
        List<string?> secrets = [.. tokens, options.ClientSecret, _basicCredentials, _lastAssertion];
        foreach ((string name, string value) in options.AdditionalParameters.Concat(options.AdditionalHeaders))
        {
            if (value.Length >= ShortestSecret && !PlainNames.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                secrets.Add(value);
            }
        }

        return new SecretRedactor([.. secrets]);
    }

    // RFC 6749 section 2.3.1: both parts are form-encoded before they are joined, so that a colon in the identifier does not end it.
    private static string BasicCredentials(string clientId, string clientSecret) =>
        Convert.ToBase64String(Encoding.ASCII.GetBytes($"{FormEncode(clientId)}:{FormEncode(clientSecret)}"));

    private static byte[] ToForm(Dictionary<string, string> parameters)
    {
        var form = new StringBuilder();
        foreach ((string name, string value) in parameters)
        {
            form.Append(form.Length > 0 ? "&" : "").Append(FormEncode(name)).Append('=').Append(FormEncode(value));
        }

        return Encoding.ASCII.GetBytes(form.ToString());
    }

    private static byte[] ToJson(Dictionary<string, string> parameters)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            foreach ((string name, string value) in parameters)
            {
                json.WriteString(name, value);
            }

            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    // With client_secret_basic the identifier stands in the header; RFC 6749 section 2.3 forbids a second method in the same request.
    private void AddClient(Dictionary<string, string> parameters, string? assertion)
    {
        if (options.ClientAuthentication != ClientAuthentication.ClientSecretBasic)
        {
            parameters["client_id"] = options.ClientId!;
        }

        if (options.ClientAuthentication == ClientAuthentication.ClientSecretPost)
        {
            parameters["client_secret"] = options.ClientSecret!;
        }
        else if (assertion is not null)
        {
            parameters["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
            parameters["client_assertion"] = assertion;
        }

        if (options.AdditionalParameters.Count > 0)
        {
            foreach ((string name, string value) in options.AdditionalParameters)
            {
                parameters[name] = value;
            }
        }
    }
}
