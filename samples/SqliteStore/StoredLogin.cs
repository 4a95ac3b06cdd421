using System.Text.Json;
using System.Text.Json.Nodes;
using TokenRefresh;

namespace SqliteStore;

/// <summary>A login as it stands in the database: JSON, of which a part may be another program's.</summary>
internal sealed class StoredLogin
{
    private readonly JsonObject _document;

    private StoredLogin(JsonObject document) => _document = document;

    #region document
    public static StoredLogin Parse(string? json, string location)
    {
        try
        {
            return new(json is null ? [] : JsonNode.Parse(json)!.AsObject());
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Without the exception, whose text may quote what it read.
            throw new CredentialsFileException(location, $"The login in '{location}' is no JSON object. Sign in again, or repair it.");
        }
    }

    public OAuthCredentials? ToCredentials() => Text("access_token") is not { } accessToken ? null
        : new OAuthCredentials(accessToken, Text("refresh_token"), Time("expires_at"))
        {
            RefreshTokenExpiresAt = Time("refresh_token_expires_at"),
            Scopes = Text("scope")?.Split(' '),
            TokenType = Text("token_type"),
            AccountId = Text("account_id"),
            DPoPKey = Text("dpop_key") is { } key ? DPoPKey.Parse(key) : null,
        };

    public bool IsSameLogin(OAuthCredentials? expected) => (ToCredentials(), expected) switch
    {
        (null, null) => true,
        (null, _) or (_, null) => false,
        ({ RefreshToken: null } stored, _) => expected.RefreshToken is null && stored.AccessToken == expected.AccessToken,
        var (stored, _) => stored.RefreshToken == expected.RefreshToken,
    };

    public string With(OAuthCredentials? next)
    {
        Set("access_token", next?.AccessToken);
        Set("refresh_token", next?.RefreshToken);
        Set("expires_at", next?.ExpiresAt?.ToString("O"));
        Set("refresh_token_expires_at", next?.RefreshTokenExpiresAt?.ToString("O"));
        Set("scope", next?.Scopes is { } scopes ? string.Join(' ', scopes) : null);
        Set("token_type", next?.TokenType);
        Set("account_id", next?.AccountId);
        Set("dpop_key", next?.DPoPKey?.ExportJwk());
        return _document.ToJsonString();
    }
    #endregion

    private void Set(string name, string? value)
    {
        _document.Remove(name);
        if (value is not null)
        {
            _document.Add(name, value);
        }
    }

    private string? Text(string name) => _document[name]?.GetValue<string>();

    private DateTimeOffset? Time(string name) => _document[name]?.GetValue<DateTimeOffset>();
}
