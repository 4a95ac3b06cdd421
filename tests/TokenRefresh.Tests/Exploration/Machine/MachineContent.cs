using System.Text;
using System.Text.Json.Nodes;
using TokenRefresh.Tests.Exploration.Model;

namespace TokenRefresh.Tests.Exploration.Machine;

/// <summary>What stands in the credentials file: a login, and a member of another program.</summary>
internal static class MachineContent
{
    internal static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    private const string Section = "claudeAiOauth";

    /// <summary>Gets the content at the beginning: its access token is expired.</summary>
    internal static byte[] First { get; } = Of("ours", ModelClock.Start - Lifetime, "first");

    internal static byte[] Of(string refreshToken, DateTimeOffset expiresAt, string others)
    {
        string login = $$"""
            "accessToken":"access-{{refreshToken}}","refreshToken":"{{refreshToken}}","expiresAt":{{expiresAt.ToUnixTimeMilliseconds()}}
            """;
        return Encoding.UTF8.GetBytes($$$"""{"{{{Section}}}":{{{{login}}},"scopes":["user"]},"mcpOAuth":{"server":"{{{others}}}"}}""");
    }

    /// <summary>Makes what another program leaves that changes its own member and keeps the login as it read it.</summary>
    internal static byte[] WithOthers(byte[] content, string others)
    {
        JsonNode root = JsonNode.Parse(content)!;
        root["mcpOAuth"]!["server"] = others;
        return Encoding.UTF8.GetBytes(root.ToJsonString());
    }

    internal static string? RefreshTokenOf(byte[] content) => TryParse(content)?[Section]?["refreshToken"]?.GetValue<string>();

    /// <summary>Whether the login of one content was got for that of another one, or for one that was.</summary>
    internal static bool IsSuccessor(byte[] content, byte[] of) =>
        RefreshTokenOf(of) is { } token && RefreshTokenOf(content)?.StartsWith(token, StringComparison.Ordinal) == true;

    /// <summary>Gets all that is not the product's to change.</summary>
    internal static string? OthersOf(byte[] content)
    {
        JsonNode? root = TryParse(content);
        if (root?[Section] is JsonObject login)
        {
            login.Remove("accessToken");
            login.Remove("refreshToken");
            login.Remove("expiresAt");
        }

        return root?.ToJsonString();
    }

    private static JsonNode? TryParse(byte[] content)
    {
        try
        {
            return JsonNode.Parse(content);
        }
        catch (System.Text.Json.JsonException)
        {
            return null;
        }
    }
}
