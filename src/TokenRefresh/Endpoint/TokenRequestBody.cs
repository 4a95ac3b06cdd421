using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace TokenRefresh.Endpoint;

/// <summary>
/// Writes the parameters of a request as a form or as JSON, and the client's authentication (RFC 6749 section 2.3) into body or header.
/// </summary>
internal static class TokenRequestBody
{
    /// <summary>The one type of assertion that OAuth clients have (RFC 7523 section 2.2).</summary>
    private const string AssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

    /// <summary>RFC 6749 section 6, or section 4.4 where there is no refresh token.</summary>
    internal static byte[] WriteTokenRequest(TokenEndpointSettings settings, string refreshToken, string? assertion)
    {
        using var body = new ParameterWriter(settings.RequestFormat);
        if (refreshToken.Length > 0)
        {
            body.Add("grant_type", "refresh_token");
            body.Add("refresh_token", refreshToken);
        }
        else
        {
            body.Add("grant_type", "client_credentials");
        }

        AddClient(settings, assertion, body);
        if (settings.Scope is { } scope)
        {
            body.Add("scope", scope);
        }

        AddAdditional(settings, body);
        return body.ToArray();
    }

    /// <summary>RFC 7009 section 2.1 knows the form only, whatever dialect the token endpoint speaks.</summary>
    internal static byte[] WriteRevocation(TokenEndpointSettings settings, string refreshToken, string? assertion)
    {
        using var body = new ParameterWriter(TokenRequestFormat.Form);
        body.Add("token", refreshToken);
        body.Add("token_type_hint", "refresh_token");
        AddClient(settings, assertion, body);
        AddAdditional(settings, body);
        return body.ToArray();
    }

    internal static string ContentType(TokenRequestFormat format) =>
        format == TokenRequestFormat.Json ? "application/json" : "application/x-www-form-urlencoded";

    internal static void AddHeaders(TokenEndpointSettings settings, HttpRequestMessage message)
    {
        message.Headers.TryAddWithoutValidation("Accept", "application/json");
        if (settings.BasicCredentials is { } credentials)
        {
            message.Headers.TryAddWithoutValidation("Authorization", "Basic " + credentials);
        }

        foreach ((string name, string value) in settings.AdditionalHeaders)
        {
            if (message.Headers.NonValidated.Contains(name))
            {
                message.Headers.Remove(name);
            }

            if (!message.Headers.TryAddWithoutValidation(name, value) && message.Content is { } content)
            {
                content.Headers.Remove(name);
                content.Headers.TryAddWithoutValidation(name, value);
            }
        }
    }

    // RFC 6749 section 2.3.1: both parts are form-encoded before they are joined, so that a colon in the identifier does not end it.
    internal static string BasicCredentials(string clientId, string clientSecret) =>
        Convert.ToBase64String(Encoding.ASCII.GetBytes($"{FormEncode(clientId)}:{FormEncode(clientSecret)}"));

    internal static string FormEncode(string value) => Uri.EscapeDataString(value).Replace("%20", "+", StringComparison.Ordinal);

    // With client_secret_basic the identifier stands in the header; RFC 6749 section 2.3 forbids a second method in the same request.
    private static void AddClient(TokenEndpointSettings settings, string? assertion, ParameterWriter body)
    {
        if (settings.ClientAuthentication == ClientAuthentication.ClientSecretBasic)
        {
            return;
        }

        body.Add("client_id", settings.ClientId);
        if (settings.ClientAuthentication == ClientAuthentication.ClientSecretPost)
        {
            body.Add("client_secret", settings.ClientSecret!);
        }
        else if (assertion is not null)
        {
            body.Add("client_assertion_type", AssertionType);
            body.Add("client_assertion", assertion);
        }
    }

    private static void AddAdditional(TokenEndpointSettings settings, ParameterWriter body)
    {
        foreach (KeyValuePair<string, string> parameter in settings.AdditionalParameters)
        {
            body.Add(parameter.Key, parameter.Value);
        }
    }

    private sealed class ParameterWriter : IDisposable
    {
        private readonly StringBuilder _form = new();
        private readonly MemoryStream? _buffer;
        private readonly Utf8JsonWriter? _json;

        internal ParameterWriter(TokenRequestFormat format)
        {
            if (format == TokenRequestFormat.Json)
            {
                _buffer = new MemoryStream();
                _json = new Utf8JsonWriter(_buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
                _json.WriteStartObject();
            }
        }

        public void Dispose() => _json?.Dispose();

        internal void Add(string name, string value)
        {
            if (_json is not null)
            {
                _json.WriteString(name, value);
                return;
            }

            if (_form.Length > 0)
            {
                _form.Append('&');
            }

            _form.Append(FormEncode(name)).Append('=').Append(FormEncode(value));
        }

        internal byte[] ToArray()
        {
            if (_json is null)
            {
                return Encoding.ASCII.GetBytes(_form.ToString());
            }

            _json.WriteEndObject();
            _json.Flush();
            return _buffer!.ToArray();
        }
    }
}
