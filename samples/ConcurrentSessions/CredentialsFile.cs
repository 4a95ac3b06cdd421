using System.Text.Json;
using System.Text.Json.Nodes;
using TokenRefresh;

namespace ConcurrentSessions;

/// <summary>Reads and writes .credentials.json as programs without a library for it do: parse, change, write beside, rename.</summary>
internal static class CredentialsFile
{
    private const string Section = "claudeAiOauth";

    public static OAuthCredentials? Read(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        var login = JsonNode.Parse(File.ReadAllBytes(path))?[Section];
        return login is null
            ? null
            : new OAuthCredentials(
                login["accessToken"]?.GetValue<string>() ?? "",
                login["refreshToken"]?.GetValue<string>(),
                login["expiresAt"]?.GetValue<long>() is { } ms ? DateTimeOffset.FromUnixTimeMilliseconds(ms) : null);
    }

    public static void Write(string path, OAuthCredentials? credentials)
    {
        var document = new JsonObject
        {
            [Section] = credentials is null ? null : new JsonObject
            {
                ["accessToken"] = credentials.AccessToken,
                ["refreshToken"] = credentials.RefreshToken,
                ["expiresAt"] = credentials.ExpiresAt?.ToUnixTimeMilliseconds(),
            },
        };
        var temp = $"{path}.{Guid.NewGuid():N}.tmp";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (var stream = new FileStream(temp, options))
        {
            JsonSerializer.Serialize(stream, document);
        }

        File.Move(temp, path, overwrite: true);
    }
}
