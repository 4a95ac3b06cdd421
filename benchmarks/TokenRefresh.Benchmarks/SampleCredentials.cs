using System.Text;
using System.Text.Json;

namespace TokenRefresh.Benchmarks;

/// <summary>A credentials file of ordinary size: the login beside what other programs keep there.</summary>
internal static class SampleCredentials
{
    internal static byte[] Write(OAuthCredentials login)
    {
        string expiresAt = login.ExpiresAt?.ToUnixTimeMilliseconds().ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "null";
        return Encoding.UTF8.GetBytes(
            $$"""
            {
              "claudeAiOauth": {
                "accessToken": {{JsonSerializer.Serialize(login.AccessToken)}},
                "refreshToken": {{JsonSerializer.Serialize(login.RefreshToken)}},
                "expiresAt": {{expiresAt}},
                "scopes": ["user:inference", "user:profile"],
                "subscriptionType": "max"
              },
              "mcpOAuth": {
                "server|1f7e9c": {
                  "serverName": "server", "accessToken": "another program's", "expiresAt": 1790000000000, "scope": "read write"
                }
              }
            }

            """);
    }
}
