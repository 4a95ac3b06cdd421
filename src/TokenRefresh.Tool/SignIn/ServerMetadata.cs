using System.Text.Json;

namespace TokenRefresh.Tool.SignIn;

/// <summary>The endpoints of an authorization server: those of the profile, and for the rest what its metadata name (RFC 8414).</summary>
internal sealed record ServerMetadata(Uri Issuer, Uri TokenEndpoint, Uri? AuthorizationEndpoint, Uri? DeviceAuthorizationEndpoint)
{
    private const int MostBytes = 1024 * 1024;

    /// <exception cref="ToolException">The metadata cannot be had, are not the issuer's, or name an address that is not safe.</exception>
    internal static async Task<ServerMetadata> FindAsync(Profile profile, HttpClient http, CancellationToken cancellationToken)
    {
        TokenRefreshOptions options = profile.Options();
        SignInSettings settings = profile.SignIn;
        Uri token = options.TokenEndpoint ?? throw new ToolException("'tokenEndpoint' is not set. Set it, as for every other command.");
        var known = new ServerMetadata(
            settings.Issuer ?? new Uri(token, "/"), token, settings.AuthorizationEndpoint, settings.DeviceAuthorizationEndpoint);
        if (settings.Issuer is { } issuer && (known.AuthorizationEndpoint is null || known.DeviceAuthorizationEndpoint is null))
        {
            JsonElement metadata = await ReadAsync(issuer, http, cancellationToken).ConfigureAwait(false);
            known = known with
            {
                AuthorizationEndpoint = known.AuthorizationEndpoint ?? AddressOf(metadata, "authorization_endpoint"),
                DeviceAuthorizationEndpoint = known.DeviceAuthorizationEndpoint ?? AddressOf(metadata, "device_authorization_endpoint"),
            };
        }

        foreach (Uri address in new[] { known.AuthorizationEndpoint, known.DeviceAuthorizationEndpoint }.OfType<Uri>())
        {
            if (address.Scheme != Uri.UriSchemeHttps && address.Scheme != Uri.UriSchemeHttp)
            {
                throw new ToolException($"'{address}' is no http address. Correct it in the profile, or at the server.");
            }

            bool isSafe = address.Scheme == Uri.UriSchemeHttps || address.Host is "127.0.0.1" or "[::1]" or "localhost";
            if (!isSafe && !options.AllowInsecureHttp)
            {
                throw new ToolException($"'{address}' is no https address, so others could read the sign-in. Correct it in the profile.");
            }
        }

        return known;
    }

    // RFC 8414 section 3.1, and the place of OpenID Connect, where many servers have the same document.
    private static async Task<JsonElement> ReadAsync(Uri issuer, HttpClient http, CancellationToken cancellationToken)
    {
        string path = issuer.AbsolutePath.TrimEnd('/');
        Uri[] places =
        [
            new(issuer, "/.well-known/oauth-authorization-server" + path),
            new(issuer, path + "/.well-known/openid-configuration"),
        ];
        string problem = "";
        foreach (Uri place in places)
        {
            try
            {
                using HttpResponseMessage answer = await http.GetAsync(place, cancellationToken).ConfigureAwait(false);
                if (!answer.IsSuccessStatusCode)
                {
                    problem = $"it answered {(int)answer.StatusCode}";
                    continue;
                }

                await answer.Content.LoadIntoBufferAsync(MostBytes, cancellationToken).ConfigureAwait(false);
                byte[] body = await answer.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
                using JsonDocument document = JsonDocument.Parse(body);
                JsonElement metadata = document.RootElement.Clone();

                // Section 3.3: of another issuer they must not be used.
                return AddressOf(metadata, "issuer") is { } named && named.AbsoluteUri.TrimEnd('/') == issuer.AbsoluteUri.TrimEnd('/')
                    ? metadata
                    : throw new ToolException($"The metadata at '{place}' are not those of the issuer '{issuer}'. Correct 'issuer'.");
            }
            catch (Exception e) when (e is HttpRequestException or JsonException)
            {
                problem = e is JsonException ? "its answer is no JSON" : e.Message;
            }
        }

        throw new ToolException(
            $"The metadata of '{issuer}' cannot be read: {problem}. Correct 'issuer', or set 'authorizationEndpoint' or "
            + "'deviceAuthorizationEndpoint' in its place.");
    }

    private static Uri? AddressOf(JsonElement metadata, string name) =>
        metadata.ValueKind == JsonValueKind.Object
            && metadata.TryGetProperty(name, out JsonElement value)
            && value.ValueKind == JsonValueKind.String
            && Uri.TryCreate(value.GetString(), UriKind.Absolute, out Uri? address)
                ? address
                : null;
}
