using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace TokenRefresh.Endpoint;

/// <summary>Writes the parameters of a request as a form or as JSON, and the client's authentication (RFC 6749 section 2.3) into body or header.</summary>
internal static class TokenRequestBody
{
    internal static byte[] WriteRefresh(TokenEndpointSettings settings, string refreshToken)
    {
        List<KeyValuePair<string, string>> parameters = [new("grant_type", "refresh_token"), new("refresh_token", refreshToken)];
        AddClient(settings, parameters);
        if (settings.Scope is { } scope)
        {
            parameters.Add(new("scope", scope));
        }

        parameters.AddRange(settings.AdditionalParameters);
        return settings.RequestFormat == TokenRequestFormat.Json ? WriteJson(parameters) : WriteForm(parameters);
    }

    /// <summary>RFC 7009 section 2.1 knows the form only, whatever dialect the token endpoint speaks.</summary>
    internal static byte[] WriteRevocation(TokenEndpointSettings settings, string refreshToken)
    {
        List<KeyValuePair<string, string>> parameters = [new("token", refreshToken), new("token_type_hint", "refresh_token")];
        AddClient(settings, parameters);
        return WriteForm(parameters);
    }

    internal static string ContentType(TokenRequestFormat format) => format == TokenRequestFormat.Json ? "application/json" : "application/x-www-form-urlencoded";

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
    private static void AddClient(TokenEndpointSettings settings, List<KeyValuePair<string, string>> parameters)
    {
        if (settings.ClientAuthentication == ClientAuthentication.ClientSecretBasic)
        {
            return;
        }

        parameters.Add(new("client_id", settings.ClientId));
        if (settings.ClientAuthentication == ClientAuthentication.ClientSecretPost)
        {
            parameters.Add(new("client_secret", settings.ClientSecret!));
        }
    }

    private static byte[] WriteForm(List<KeyValuePair<string, string>> parameters) =>
        Encoding.ASCII.GetBytes(string.Join('&', parameters.Select(p => $"{FormEncode(p.Key)}={FormEncode(p.Value)}")));

    private static byte[] WriteJson(List<KeyValuePair<string, string>> parameters)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            foreach ((string name, string value) in parameters)
            {
                writer.WriteString(name, value);
            }

            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }
}
