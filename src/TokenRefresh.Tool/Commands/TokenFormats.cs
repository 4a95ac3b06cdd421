using System.Text;
using System.Text.Json;

namespace TokenRefresh.Tool.Commands;

/// <summary>The forms in which other programs take a token.</summary>
internal static class TokenFormats
{
    internal static string Write(AccessToken token, string format, ToolHost host) => format switch
    {
        "header" => $"{token.HeaderName}: {token.HeaderValue}",
        "kubectl" => Kubectl(token, host),
        "json" => Json(token),
        _ => token.Value,
    };

    /// <summary>Says once what a token is not good for by itself.</summary>
    internal static void WarnIfBound(AccessToken token, ToolHost host)
    {
        if (token.Key is not null)
        {
            host.Error.WriteLine(
                "token-refresh: this token is bound to a key (RFC 9449): a resource refuses it without a proof by that key, which only "
                + "programs with the library make.");
        }
    }

    // The client authentication plug-in of Kubernetes: the answer has the version that was asked for.
    private static string Kubectl(AccessToken token, ToolHost host) => Json(writer =>
    {
        writer.WriteString("kind", "ExecCredential");
        writer.WriteString("apiVersion", AskedVersion(host.Variable("KUBERNETES_EXEC_INFO")) ?? "client.authentication.k8s.io/v1");
        writer.WriteStartObject("status");
        writer.WriteString("token", token.Value);
        WriteTime(writer, "expirationTimestamp", token.ExpiresAt);
        writer.WriteEndObject();
    });

    private static string Json(AccessToken token) => Json(writer =>
    {
        writer.WriteString("accessToken", token.Value);
        writer.WriteString("tokenType", token.TokenType);
        WriteTime(writer, "expiresAt", token.ExpiresAt);
        writer.WriteString("headerName", token.HeaderName);
        writer.WriteString("headerValue", token.HeaderValue);
    });

    /// <summary>Writes one object.</summary>
    internal static string Json(Action<Utf8JsonWriter> members)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            members(writer);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    /// <summary>Writes a time, or nothing where it is unknown.</summary>
    internal static void WriteTime(Utf8JsonWriter writer, string name, DateTimeOffset? time)
    {
        if (time is { } known)
        {
            writer.WriteString(name, known.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", null));
        }
    }

    private static string? AskedVersion(string? execInfo)
    {
        try
        {
            using JsonDocument? asked = execInfo is null ? null : JsonDocument.Parse(execInfo);
            return asked?.RootElement is { ValueKind: JsonValueKind.Object } root
                && root.TryGetProperty("apiVersion", out JsonElement version)
                && version.ValueKind == JsonValueKind.String
                    ? version.GetString()
                    : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
