using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace TokenRefresh.Testing;

/// <summary>Reads the parameters of a token or revocation request, from a form or a JSON body.</summary>
internal static class TokenRequestReader
{
    /// <summary>
    /// Reads; <see langword="null"/> for the parameters if the body is neither, or repeats a parameter (RFC 6749 section 3.2).
    /// </summary>
    public static async Task<(ReceivedTokenRequest Received, bool IsWellFormed)> ReadAsync(
        HttpRequest request,
        CancellationToken cancellationToken)
    {
        string? mediaType = request.ContentType?.Split(';')[0].Trim().ToLowerInvariant();
        Dictionary<string, string>? parameters = mediaType switch
        {
            "application/x-www-form-urlencoded" => FromForm(await request.ReadFormAsync(cancellationToken)),
            "application/json" => await FromJsonAsync(request, cancellationToken),
            _ => null,
        };
        var headers = request.Headers.ToDictionary(
            header => header.Key,
            header => header.Value.ToString(),
            StringComparer.OrdinalIgnoreCase);
        return (new ReceivedTokenRequest(mediaType, headers, parameters ?? new(StringComparer.Ordinal)), parameters is not null);
    }

    /// <summary>Checks identification and authentication (RFC 6749 sections 2.3 and 3.2.1).</summary>
    public static bool IsAuthenticated(ReceivedTokenRequest request, LoopbackAuthorizationServerOptions options)
    {
        if (options.ClientId is null)
        {
            return true;
        }

        string? id = request.Parameters.GetValueOrDefault("client_id");
        string? secret = request.Parameters.GetValueOrDefault("client_secret");
        bool hasHeader = request.Headers.TryGetValue("Authorization", out string? authorization);
        return options.ClientAuthentication switch
        {
            ClientAuthentication.ClientSecretBasic =>
                secret is null
                    && (id is null || id == options.ClientId)
                    && BasicCredentials(authorization) is var (basicId, basicSecret)
                    && basicId == options.ClientId
                    && basicSecret == options.ClientSecret,
            ClientAuthentication.ClientSecretPost => !hasHeader && id == options.ClientId && secret == options.ClientSecret,
            _ => !hasHeader && secret is null && id == options.ClientId,
        };
    }

    private static Dictionary<string, string>? FromForm(IFormCollection form)
    {
        var parameters = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((string name, StringValues values) in form)
        {
            if (values.Count != 1)
            {
                return null;
            }

            parameters.Add(name, values.ToString());
        }

        return parameters;
    }

    private static async Task<Dictionary<string, string>?> FromJsonAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        try
        {
            using JsonDocument document = await JsonDocument.ParseAsync(request.Body, default, cancellationToken);
            var parameters = new Dictionary<string, string>(StringComparer.Ordinal);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.EnumerateObject().All(
                    member => member.Value.ValueKind == JsonValueKind.String && parameters.TryAdd(member.Name, member.Value.GetString()!))
                ? parameters
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static (string Id, string Secret)? BasicCredentials(string? authorization)
    {
        const string scheme = "Basic ";
        if (authorization is null || !authorization.StartsWith(scheme, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        byte[] bytes = new byte[authorization.Length];
        if (!Convert.TryFromBase64String(authorization[scheme.Length..].Trim(), bytes, out int length))
        {
            return null;
        }

        string[] parts = Encoding.UTF8.GetString(bytes, 0, length).Split(':', 2);
        return parts.Length == 2 ? (FormDecode(parts[0]), FormDecode(parts[1])) : null;
    }

    private static string FormDecode(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));
}
